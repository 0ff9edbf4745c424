"""Attribution of a network's payoff to its neurons."""
