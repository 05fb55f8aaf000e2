"""What the GPU executor runs. Lies at /root/jobs in its containers; needs neither Modal nor `respond`."""
