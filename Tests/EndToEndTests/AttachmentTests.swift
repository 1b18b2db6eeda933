import Foundation
import Testing

extension EndToEnd {
    /// What outlives instances: volumes, floating IPs, security groups.
    @Suite struct Attachments {
        @Test func `a volume carries its data from one instance to the next`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                try await hand.type("volume", "create", "data", "--size", "10", "--description", "mine", "--wait", "-q")
                try await hand.create("first", "--volume", "data")
                _ = try await hand.ssh("first", "echo carried > /mnt/data/file && sync")
                let attached = try await hand.type("volume", "ls")
                #expect(attached.text.contains("first"), "\(attached.text)")
                #expect(try await hand.refused(241, "volume", "rm", "data", "-y").contains("--detach-volume"))
                try await hand.type("instance", "update", "first", "--detach-volume", "data")
                #expect(try await hand.ssh("first", "ls /mnt/data 2>/dev/null | wc -l") == "0\n")
                try await hand.create("second")
                try await hand.type("instance", "update", "second", "--attach-volume", "data")
                #expect(try await hand.ssh("second", "cat /mnt/data/file") == "carried\n")
                try await hand.type("volume", "update", "data", "--size", "20")
                #expect(try await hand.refused(64, "volume", "update", "data", "--size", "5").contains("only grow"))
                try await hand.type("instance", "rm", "first", "second", "-y", "--wait")
                #expect(try await hand.type("volume", "ls", "-q").lines.count == 1, "it outlives its instances")
                try await hand.type("volume", "rm", "data", "-y")
            }
        }

        @Test func `a floating IP and security groups stay`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                try await hand.type("floating-ip", "create", "front", "--wait")
                try await hand.type(
                    "security-group", "create", "narrow", "--rule", "tcp:22", "--rule", "egress:all", "-q")
                try await hand.create("web", "--floating-ip", "front", "--security-group", "narrow")
                let address = try hand.object(try await hand.type("floating-ip", "show", "front", "--json"))
                let instance = try hand.object(try await hand.type("instance", "show", "web", "--json"))
                #expect(instance["public_ip"] as? String == address["ip_address"] as? String)
                #expect((instance["security_groups"] as? [[String: Any]])?.map { $0["name"] as? String } == ["narrow"])
                try await hand.type("instance", "stop", "web", "--wait")
                try await hand.type("instance", "start", "web", "--wait")
                #expect(try await hand.ssh("web", "echo here") == "here\n")
                let again = try hand.object(try await hand.type("instance", "show", "web", "--json"))
                #expect(again["public_ip"] as? String == address["ip_address"] as? String)
                try await hand.type("instance", "update", "web", "--no-security-groups")
                try await hand.type("instance", "rm", "web", "-y", "--wait")
                try await hand.type("floating-ip", "rm", "front", "-y")
                try await hand.type("security-group", "rm", "narrow", "-y")
            }
        }

        @Test func `what can be rented, and how much`() async throws {
            try await World.with { world in
                let hand = try await HandMade(in: world)
                let types = try await hand.type("types", "--gpu", "--region", "NORD-NO-KRS-1")
                #expect(
                    types.lines.contains { $0.contains("nvidia3090") && $0.contains("NORD-NO-KRS-1") }, "\(types.text)")
                let free = try await hand.type("availability", "NORD-NO-KRS-1", "-q")
                #expect(free.lines.contains(HandMade.type))
                try await hand.type("quota")
                try await hand.type("reservation", "-q")
                try await hand.type("filesystem", "create", "shared", "--size", "5", "--wait")
                try await hand.type("filesystem", "rm", "shared", "-y")
            }
        }
    }
}
