"""The ODE-block against its peers: time, evaluations, memory and true error of solves and gradients."""
