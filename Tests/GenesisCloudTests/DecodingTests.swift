import Foundation
import GenesisCloud
import Testing

@Suite struct DecodingTests {
    private func instance(_ json: String) throws -> Instance {
        try JSONDecoder().decode(Instance.self, from: Data(json.utf8))
    }

    @Test func thePagesSample() throws {
        let instance = try instance(Samples.instance())
        #expect(instance.status == .active)
        #expect(instance.image == Reference(id: "ac26fa2b-c6d5-47a7-bc4e-5a219797e70f", name: "Ubuntu 20.04"))
        #expect(instance.sshKeys.map(\.name) == ["ssh-key-name"])
        #expect(instance.publicIP == "198.51.100.127")
        #expect(instance.isProtected == false)
        #expect(instance.diskSizeGiB == 128)
        #expect(instance.createdAt == Date(timeIntervalSince1970: 1_584_958_169.152))
        #expect(instance.sshPort == nil)
    }

    @Test func fieldsMayBeMissingNullNewOrOfANeighbouringType() throws {
        let instance = try instance(
            """
            {"id": "i", "name": "n", "hostname": "h", "status": "teleporting", "public_ip": null, "private_ip": "",
            "is_protected": "true", "disk_size": "80", "ssh_keys": null, "volumes": [{"no": 1}, {"id": "v"}],
            "created_at": "yesterday", "ssh_port": 2222, "brand_new": {"deep": [1, 2]}}
            """)
        #expect(instance.status == .unknown("teleporting"))
        #expect(instance.status.wire == "teleporting")
        #expect(instance.publicIP == nil && instance.privateIP == nil)
        #expect(instance.isProtected == true)
        #expect(instance.diskSizeGiB == 80)
        #expect(instance.sshKeys.isEmpty)
        #expect(instance.volumes.map(\.id) == ["v"])
        #expect(instance.createdAt == nil)
        #expect(instance.sshPort == 2222)
    }

    @Test(arguments: ["id", "name", "hostname", "status"])
    func whatIdentifiesAnInstanceMustBeThere(_ field: String) {
        let broken = Samples.instance().replacingOccurrences(of: "\"\(field)\": \"", with: "\"no_\(field)\": \"")
        // `id` and `name` also occur inside references, which are allowed to be broken.
        #expect(throws: DecodingError.self) { try instance(broken) }
    }

    @Test(arguments: [
        "creating", "pending_payment", "active", "stopping", "stopped", "starting", "resetting", "error", "deleting",
    ])
    func everyStatusOfThePageIsKnown(_ word: String) {
        let status = Instance.Status(wire: word)
        #expect(status.wire == word)
        if case .unknown = status { Issue.record("\(word) is unknown") }
    }

    @Test func snapshotsOfEveryAge() throws {
        func snapshot(_ fields: String) throws -> Snapshot {
            let json = "{\"id\": \"s\", \"name\": \"n\", \(fields)}"
            return try JSONDecoder().decode(Snapshot.self, from: Data(json.utf8))
        }
        #expect(try snapshot(#""status": "created", "size": 128"#).sizeGiB == 128)
        #expect(try snapshot(#""status": "available", "size": "137438953472""#).sizeGiB == 128)
        #expect(try snapshot(#""status": "available""#).status == .created)
        #expect(try snapshot(#""status": "snapshotting""#).status == .creating)
        #expect(try snapshot(#""status": "melting""#).status == .unknown("melting"))
        #expect(try snapshot(#""status": "created", "source_instance_id": "i""#).resourceID == "i")
    }

    @Test(arguments: [
        ("2020-03-23T10:09:29.152Z", 1_584_958_169.152), ("2020-03-23T10:09:29Z", 1_584_958_169),
        ("2020-03-23T12:09:29+02:00", 1_584_958_169), ("2020-03-23 10:09:29", 1_584_958_169),
        ("2024-02-29T00:00:00.000000Z", 1_709_164_800), ("1969-12-31T23:59:59Z", -1),
    ])
    func dates(_ text: String, _ seconds: Double) throws {
        let instance = try instance(
            #"{"id": "i", "name": "n", "hostname": "h", "status": "active", "created_at": "\#(text)"}"#)
        #expect(instance.createdAt == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: [
        "", "2020", "2020-13-01T00:00:00Z", "2020-03-23T10:09:29.Z+", "2020-03-23T10:09:29 Europe/Berlin",
    ])
    func whatIsNoDateIsNone(_ text: String) throws {
        let instance = try instance(
            #"{"id": "i", "name": "n", "hostname": "h", "status": "active", "created_at": "\#(text)"}"#)
        #expect(instance.createdAt == nil)
    }
}
