"""Propositions 5 to 7: what neurons gain where the loss is stationary, at fixed demands and with demands that react."""
