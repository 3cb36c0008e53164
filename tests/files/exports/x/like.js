window.YTD.like.part0 = [
  {
    "like": {
      "tweetId": "7",
      "fullText": "somebody else's",
      "expandedUrl": "https://twitter.com/i/web/status/7"
    }
  }
]