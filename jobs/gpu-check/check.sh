#!/bin/bash
# Checks the GPUs of this machine. 0: all well; 1: a check failed; 2: there is nothing to check.
set -u
out=${MAYFLY_OUTPUTS:-.}

devices=$(cat /sys/bus/pci/devices/*/vendor 2>/dev/null | grep -c '^0x10de$')
echo "NVIDIA devices on the PCI bus: $devices"

if ! command -v nvidia-smi >/dev/null 2>&1; then
    if [ "$devices" -gt 0 ]; then
        echo "There is a GPU but no driver: nvidia-smi is not installed." \
            "Take an image that brings it, or install it in startup_script." >&2
    else
        echo "There is no GPU here: no NVIDIA device and no nvidia-smi." \
            "Choose a GPU type, such as --set type=vcpu-4_memory-12g_disk-80g_nvidia3080-1." >&2
    fi
    exit 2
fi

if ! nvidia-smi > "$out/nvidia-smi.txt" 2>&1; then
    cat "$out/nvidia-smi.txt" >&2
    echo "There is no usable GPU: nvidia-smi failed (above). Driver and kernel may not fit together." >&2
    exit 2
fi
cat "$out/nvidia-smi.txt"
nvidia-smi -q > "$out/nvidia-smi-full.txt" 2>&1
gpus=$(nvidia-smi --query-gpu=name --format=csv,noheader | wc -l)
if [ "$gpus" -eq 0 ]; then
    echo "There is no GPU here: the driver is installed but lists none." >&2
    exit 2
fi
echo "driver $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1), $gpus GPU(s)"

python3 ./compute.py
