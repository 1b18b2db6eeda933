"""A short computation with a known answer on every GPU, with whatever is installed: PyTorch, else the CUDA driver."""

import ctypes
import sys
import time


def with_torch():
    import torch

    if not torch.cuda.is_available():
        print("PyTorch is installed, but sees no GPU", file=sys.stderr)
        return False
    good = True
    for index in range(torch.cuda.device_count()):
        device = torch.device("cuda", index)
        torch.manual_seed(1)
        # Small integers in float32: the product is exact, so GPU and CPU must agree to the last bit.
        a = torch.randint(-8, 8, (1024, 1024)).float()
        b = torch.randint(-8, 8, (1024, 1024)).float()
        started = time.monotonic()
        product = (a.to(device) @ b.to(device)).cpu()
        elapsed = time.monotonic() - started
        same = torch.equal(product, a @ b)
        good = good and same
        print(f"GPU {index} {torch.cuda.get_device_name(index)}: matrix product "
              f"{'exact' if same else 'WRONG'} in {elapsed:.2f} s")
    return good


def with_driver():
    """Copies a pattern through every GPU's memory: no toolkit needed, only the driver's own library."""
    cuda = ctypes.CDLL("libcuda.so.1")

    def call(name, *arguments):
        status = getattr(cuda, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name} answered {status}")

    call("cuInit", 0)
    count = ctypes.c_int()
    call("cuDeviceGetCount", ctypes.byref(count))
    if count.value == 0:
        print("the CUDA driver lists no GPU", file=sys.stderr)
        return False
    size = 64 << 20
    pattern = bytes(range(256)) * (size // 256)
    good = True
    for index in range(count.value):
        device, context = ctypes.c_int(), ctypes.c_void_p()
        first, second = ctypes.c_uint64(), ctypes.c_uint64()
        call("cuDeviceGet", ctypes.byref(device), index)
        call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        call("cuCtxSetCurrent", context)
        call("cuMemAlloc_v2", ctypes.byref(first), ctypes.c_size_t(size))
        call("cuMemAlloc_v2", ctypes.byref(second), ctypes.c_size_t(size))
        back = ctypes.create_string_buffer(size)
        call("cuMemcpyHtoD_v2", first, pattern, ctypes.c_size_t(size))
        call("cuMemcpyDtoD_v2", second, first, ctypes.c_size_t(size))
        call("cuMemcpyDtoH_v2", back, second, ctypes.c_size_t(size))
        same = back.raw == pattern
        good = good and same
        print(f"GPU {index}: 64 MiB through its memory {'intact' if same else 'CORRUPTED'}")
        call("cuMemFree_v2", first)
        call("cuMemFree_v2", second)
        call("cuDevicePrimaryCtxRelease_v2", device)
    return good


def main():
    try:
        import torch  # noqa: F401
        check = with_torch
    except ImportError:
        check = with_driver
    try:
        good = check()
    except (OSError, RuntimeError, AttributeError) as error:
        print(f"the computation failed: {error}", file=sys.stderr)
        good = False
    print("all GPUs passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
