"""A release written for this project, served on loopback as the Hub, GitHub and arXiv would serve it."""
