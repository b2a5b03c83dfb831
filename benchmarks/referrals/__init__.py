"""A year of referrals: members bring each other, buy, give back and cheat; what that gives is reckoned twice."""
