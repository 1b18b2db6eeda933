import GenesisCloud
import Testing

/// The rules that the API states of its bodies: each is refused before anything is sent, by the field's name.
@Suite struct RuleTests {
    private func refused(_ field: String, _ change: (inout CreateInstanceRequest) -> Void) async throws {
        var request = Samples.request
        change(&request)
        try await refused(field) { [request] in _ = try await $0.createInstance(request) }
    }

    private func refused(_ field: String, _ body: (GenesisCloudClient) async throws -> Void) async throws {
        try await ScriptedServer.run { _ in
            .json(500, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) { try await body(client) }
            #expect(error?.code == .validation)
            #expect(error?.field == field, "\(String(describing: error))")
            #expect(error?.message.contains(field) == true)
            #expect(error?.fault == .user)
            #expect(error?.requestMayHaveTakenEffect == false)
            #expect(server.requests.isEmpty, "something was sent")
        }
    }

    @Test func whatIsRequired() async throws {
        try await refused("name") { $0.name = " " }
        try await refused("hostname") { $0.hostname = "" }
        try await refused("type") { $0.type = "" }
        try await refused("region") { $0.region = "" }
        try await refused("image") { $0.image = "" }
        try await refused("ssh_keys") { $0.login = .sshKeys([]) }
        try await refused("ssh_keys") { $0.login = .sshKeys(["a", "a"]) }
        try await refused("volumes") { $0.volumes = ["a/b"] }
        try await refused("floating_ip") { $0.floatingIP = "" }
        try await refused("security_groups") { $0.securityGroups = [""] }
    }

    @Test(arguments: [
        "Short1", "fifteenCharact1", "no-upper-case-letter-1", "NO-LOWER-CASE-LETTER-1", "No-Digit-In-This-One",
    ])
    func passwords(_ text: String) async throws {
        try await refused("password") { $0.login = .password(Password(text)) }
    }

    @Test func aPasswordOf73BytesIsTooLong() async throws {
        try await refused("password") { $0.login = .password(Password("Aa1" + String(repeating: "é", count: 36))) }
    }

    @Test func aGoodPasswordIsSentAndShownNowhere() async throws {
        try await ScriptedServer.run { _ in
            .json(201, Samples.created)
        } _: { server in
            var request = Samples.request
            request.login = .password("Sixteen-Letters-1")
            _ = try await GenesisCloudClient.testing(port: server.port).createInstance(request)
            #expect(server.requests.first?.body.contains(#""password":"Sixteen-Letters-1""#) == true)
            #expect(server.requests.first?.body.contains("ssh_keys") == false, "exactly one of the two is sent")
            var dumped = ""
            dump(request, to: &dumped)
            #expect(!"\(request) \(String(reflecting: request)) \(dumped)".contains("Sixteen"))
        }
    }

    /// 64 KiB are counted in bytes, over everything that is given.
    @Test func metadataIsCountedInBytes() async throws {
        let fits = String(repeating: "é", count: 32 * 1024)
        try await refused("metadata.startup_script") { $0.metadata = .startupScript(fits + "x") }
        try await refused("metadata.user_data") {
            $0.metadata = .userData([
                .init(type: "text/x-shellscript", content: fits), .init(type: "text/cloud-config", content: "x"),
            ])
        }
        try await refused("metadata.user_data[1].type") {
            $0.metadata = .userData([.init(type: "a/b", content: ""), .init(type: "shell", content: "")])
        }
        try await refused("metadata.user_data") { $0.metadata = .userData([]) }
        var request = Samples.request
        request.metadata = .startupScript(fits)
        try request.check()
    }

    @Test func disksOnlyGrow() async throws {
        try await refused("disk_size") { $0.diskSizeGiB = 79 }
        try await refused("disk_size") {
            _ = try await $0.updateInstance("i", UpdateInstanceRequest(diskSizeGiB: 79))
        }
        // The page's sample has 128 GiB.
        try await ScriptedServer.run { request in
            request.method == "GET" ? .json(200, Samples.created) : .json(500, "{}")
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            let error = await #expect(throws: GenesisCloudError.self) {
                try await client.updateInstance("i", UpdateInstanceRequest(diskSizeGiB: 127))
            }
            #expect(error?.field == "disk_size")
            #expect(error?.message.contains("128 GiB now") == true)
            #expect(server.requests.map(\.method) == ["GET"])
        }
    }

    @Test func updatesMustChangeSomething() async throws {
        try await refused("name") { _ = try await $0.updateInstance("i", UpdateInstanceRequest()) }
        try await refused("name") { _ = try await $0.updateVolume("v", UpdateStorageRequest()) }
        try await refused("name") { _ = try await $0.updateFloatingIP("f", UpdateFloatingIPRequest()) }
        try await refused("name") { _ = try await $0.updateSecurityGroup("g", UpdateSecurityGroupRequest()) }
        try await refused("volumes") {
            _ = try await $0.updateInstance("i", UpdateInstanceRequest(volumes: .attach("")))
        }
    }

    @Test func theOthers() async throws {
        try await refused("size") {
            _ = try await $0.createVolume(CreateVolumeRequest(name: "n", region: "r", sizeGiB: 0))
        }
        try await refused("name") { _ = try await $0.createSnapshot(instance: "i", name: "") }
        try await refused("region") { _ = try await $0.cloneSnapshot("s", name: "n", region: "") }
        try await refused("value") {
            _ = try await $0.createSSHKey(name: "n", publicKey: "-----BEGIN OPENSSH PRIVATE KEY-----")
        }
        try await refused("version") {
            _ = try await $0.createFloatingIP(CreateFloatingIPRequest(name: "n", region: "r", version: .ipv6))
        }
        func group(_ name: String, _ rules: [SecurityGroup.Rule]) -> CreateSecurityGroupRequest {
            CreateSecurityGroupRequest(name: name, region: "r", rules: rules)
        }
        let rule = SecurityGroup.Rule(protocol: .tcp, portRangeMin: 22, portRangeMax: 22)
        try await refused("name") { _ = try await $0.createSecurityGroup(group("Standard", [rule])) }
        try await refused("rules") { _ = try await $0.createSecurityGroup(group("n", [])) }
        for (low, high, field) in [
            (0, 22, "port_range_min"), (22, 65536, "port_range_max"), (23, 22, "port_range_max"),
            (nil, 22, "port_range_min"), (22, nil, "port_range_max"),
        ] as [(Int?, Int?, String)] {
            let bad = SecurityGroup.Rule(protocol: .tcp, portRangeMin: low, portRangeMax: high)
            try await refused("rules[1].\(field)") { _ = try await $0.createSecurityGroup(group("n", [rule, bad])) }
        }
        #expect(throws: Never.self) { try group("n", [rule, .init(protocol: .icmp)]).check() }
    }

    @Test func attachAndDetachAreSpeltAsObjects() async throws {
        try await ScriptedServer.run { _ in
            .json(200, Samples.created)
        } _: { server in
            let client = try GenesisCloudClient.testing(port: server.port)
            _ = try await client.updateInstance("i", UpdateInstanceRequest(volumes: .attach("v")))
            _ = try await client.updateInstance("i", UpdateInstanceRequest(securityGroups: .detach("g")))
            _ = try await client.updateInstance("i", UpdateInstanceRequest(volumes: .replace([])))
            #expect(
                server.requests.map(\.body) == [
                    #"{"volumes":{"attach":"v"}}"#, #"{"security_groups":{"detach":"g"}}"#, #"{"volumes":[]}"#,
                ])
        }
    }
}
