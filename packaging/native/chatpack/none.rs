// Cargo wants a target to look at.
