"""How a sequence of tasks is played and measured."""
