print("ssh-benchmark")
