import Testing

@testable import JobSpec

@Suite struct PlainNameTests {
    @Test(arguments: [
        ("A", true), ("_", true), ("a1_B", true), ("", false), ("1a", false), ("a-b", false), ("a.b", false),
        ("a b", false), ("ä", false), ("a\u{301}", false), ("a\n", false), ("@", false), ("[", false), ("`", false),
    ])
    func variables(_ text: String, _ fits: Bool) {
        #expect(PlainName.variable.matches(text) == fits)
    }

    @Test func jobsAndUsers() {
        #expect(PlainName.job.matches("0-a._B"))
        #expect(!PlainName.job.matches("-a") && !PlainName.job.matches("_a") && !PlainName.job.matches("."))
        #expect(PlainName.job.matches(String(repeating: "x", count: 63)))
        #expect(!PlainName.job.matches(String(repeating: "x", count: 64)))
        #expect(PlainName.user.matches("_apt") && PlainName.user.matches("a.b-c"))
        #expect(!PlainName.user.matches("0a") && !PlainName.user.matches(String(repeating: "x", count: 33)))
    }

    @Test(
        arguments: [
            ("vcpu-2_memory-4g_disk-80g", ""), ("vcpu-2_memory-4g", ""),
            ("vcpu-4_memory-12g_disk-80g_nvidia3080-1", "nvidia3080"),
            ("vcpu-192_memory-1920g_nvidia-h100-sxm5-8", "nvidia-h100-sxm5"), ("vcpu-2_memory-4g_disk-80", nil),
            ("vcpu-2_memory-4", nil), ("vcpu-_memory-4g", nil), ("vcpu-2_memory-4g_", nil), ("vcpu-2", nil), ("", nil),
            ("vcpu-2_memory-4g_NVIDIA-1", nil), ("vcpu-2_memory-4g_-1", nil), ("vcpu-2_memory-4g_3080-1", nil),
            ("vcpu-2_memory-4g_a-1_b-2", nil), ("memory-4g_vcpu-2", nil), ("vcpu-2_memory-4g_a-x", nil),
            ("vcpu-2_memory-4g_vcpu-2", nil),
        ] as [(String, String?)])
    func accelerators(_ type: String, _ accelerator: String?) {
        #expect(KnownMachines.accelerator(of: type) == accelerator)
    }
}
