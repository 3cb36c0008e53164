window.YTD.note_tweet.part0 = [
  {
    "noteTweet": {
      "noteTweetId": "1768000000000000900",
      "updatedAt": "2026-03-14T08:00:00.000Z",
      "lifecycle": {
        "value": "OriginalRelease"
      },
      "createdAt": "2026-03-14T08:00:00.000Z",
      "core": {
        "styletags": [],
        "urls": [],
        "text": "VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. And then it worked & nobody knows why.",
        "mentions": [],
        "cashtags": [],
        "hashtags": []
      }
    }
  }
]