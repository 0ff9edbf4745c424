"""What both engines share: the setup of a game, its state, and the engine's interface."""
