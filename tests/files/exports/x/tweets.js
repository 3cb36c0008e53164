window.YTD.tweets.part0 = [
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1768000000000000001"
          ]
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">X</a>",
      "entities": {
        "hashtags": [],
        "user_mentions": [],
        "urls": [
          {
            "url": "https://t.co/abc",
            "expanded_url": "https://blog.example.com/400",
            "display_url": "blog.example.com/400",
            "indices": [
              "50",
              "73"
            ]
          }
        ]
      },
      "display_text_range": [
        "0",
        "65"
      ],
      "favorite_count": "1",
      "id_str": "1768000000000000001",
      "truncated": false,
      "retweet_count": "0",
      "id": "1768000000000000001",
      "created_at": "Fri Mar 13 20:00:00 +0000 2026",
      "favorited": false,
      "full_text": "VMware Horizon rocks &amp; we moved\n400 desktops https://t.co/abc",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1768000000000000003"
          ]
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">X</a>",
      "entities": {
        "hashtags": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "293"
      ],
      "favorite_count": "1",
      "id_str": "1768000000000000003",
      "truncated": false,
      "retweet_count": "0",
      "id": "1768000000000000003",
      "created_at": "Sat Mar 14 08:00:01 +0000 2026",
      "favorited": false,
      "full_text": "VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMware support, day three. VMwar… https://t.co/xyz",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1768000000000000004"
          ]
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">X</a>",
      "entities": {
        "hashtags": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "25"
      ],
      "favorite_count": "1",
      "id_str": "1768000000000000004",
      "truncated": false,
      "retweet_count": "0",
      "id": "1768000000000000004",
      "created_at": "Sat Mar 14 09:00:00 +0000 2026",
      "favorited": false,
      "full_text": "RT @vmware: We are hiring",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1768000000000000005"
          ]
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">X</a>",
      "entities": {
        "hashtags": [],
        "user_mentions": [],
        "urls": []
      },
      "display_text_range": [
        "0",
        "6"
      ],
      "favorite_count": "1",
      "id_str": "1768000000000000005",
      "truncated": false,
      "retweet_count": "0",
      "id": "1768000000000000005",
      "created_at": "Sat Mar 14 10:00:00 +0000 2026",
      "favorited": false,
      "full_text": "@kim 👍",
      "lang": "und",
      "in_reply_to_status_id_str": "1"
    }
  }
]