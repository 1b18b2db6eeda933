/// An instance type of the Instances page.
public struct CloudInstanceType: Hashable, Sendable {
    /// The API's identifier.
    public let id: String
    /// As the page's tables name it.
    public let productName: String
    public let vcpus: Int
    /// GiB.
    public let memory: Int
    /// GiB.
    public let disk: Int
    /// Local NVMe in GiB; 0 where there is none.
    public let nvme: Int
    /// GPUs or other accelerators; 0 for CPU instances.
    public let accelerators: Int

    /// One table of the page: every row is a multiple of the first.
    private struct Family {
        let product: String
        let accelerator: String
        let vcpus: Int
        let memory: Int
        var nvme = 0
        var namesDisk = true
        let counts: ClosedRange<Int>

        func type(_ count: Int) -> CloudInstanceType {
            let disk = namesDisk ? "_disk-80g" : ""
            return CloudInstanceType(
                id: "vcpu-\(count * vcpus)_memory-\(count * memory)g\(disk)_\(accelerator)-\(count)",
                productName: product.split(separator: "#", omittingEmptySubsequences: false)
                    .joined(separator: "\(count)x"),
                vcpus: count * vcpus, memory: count * memory, disk: 80, nvme: count * nvme, accelerators: count)
        }
    }

    private static let families = [
        Family(
            product: "Accelerator Instance # NVIDIA® H100 SXM5 80 GB", accelerator: "nvidia-h100-sxm5", vcpus: 24,
            memory: 240, nvme: 3575, namesDisk: false, counts: 8...8),
        Family(
            product: "Accelerator Instance # Intel® Gaudi®2", accelerator: "intel-gaudi2", vcpus: 16, memory: 120,
            nvme: 445, namesDisk: false, counts: 1...8),
        Family(
            product: "GPU Instance # GeForce™ RTX 3090", accelerator: "nvidia3090", vcpus: 4, memory: 24,
            counts: 1...8),
        Family(
            product: "GPU Instance # GeForce™ RTX 3090", accelerator: "nvidia3090", vcpus: 8, memory: 48,
            counts: 1...4),
        Family(
            product: "GPU Instance # GeForce™ RTX 3080", accelerator: "nvidia3080", vcpus: 4, memory: 12,
            counts: 1...8),
        Family(
            product: "GPU Instance # GeForce™ RTX 3080", accelerator: "nvidia3080", vcpus: 8, memory: 32,
            counts: 1...4),
        Family(
            product: "GPU Instance # GeForce™ GTX 1080 Ti", accelerator: "nvidia1080ti", vcpus: 4, memory: 12,
            counts: 1...8),
    ]

    /// All types of the page, in its order.
    static let all: [CloudInstanceType] =
        families.flatMap { family in family.counts.map(family.type) }
        + [2, 4, 8, 12, 16, 20, 24].map { count in
            CloudInstanceType(
                id: "vcpu-\(count)_memory-\(2 * count)g_disk-80g", productName: "CPU Instance \(count)x vCPU",
                vcpus: count, memory: 2 * count, disk: 80, nvme: 0, accelerators: 0)
        }

    /// The same type under another identifier.
    func spelled(_ id: String) -> CloudInstanceType {
        CloudInstanceType(
            id: id, productName: productName, vcpus: vcpus, memory: memory, disk: disk, nvme: nvme,
            accelerators: accelerators)
    }
}
