window.YTD.account.part0 = [
  {
    "account": {
      "email": "ada@example.com",
      "createdVia": "web",
      "username": "ada_ops",
      "accountId": "99",
      "createdAt": "2011-06-23T13:04:14.000Z",
      "accountDisplayName": "Ada"
    }
  }
]