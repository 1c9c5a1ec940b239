"""Many runs under the same rules."""
