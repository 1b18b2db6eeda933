import Foundation
import GenesisCloud
import Testing

@testable import MayflyCommands

@Suite struct ResourceTableTests {
    private let plain = Style(isColored: false)

    private func lines(_ items: [Instance], width: Int? = nil) -> [String] {
        ResourceTable.lines(items, Instance.fields, width: width, style: plain)
    }

    @Test func columnsAreAlignedAndCompleteWhereNobodyDraws() throws {
        let lines = lines([
            try CloudSamples.instance(1, "web"),
            try CloudSamples.instance(
                2, "a-longer-name", ["public_ip": NSNull(), "status": "creating", "is_protected": true]),
        ])
        #expect(lines.count == 3)
        let header = "ID NAME STATUS ADDRESS TYPE REGION PROTECTED CREATED".split(separator: " ").map(String.init)
        #expect(lines[0].split(separator: " ").map(String.init) == header)
        for title in header {
            let column = try #require(lines[0].range(of: title)).lowerBound
            let offset = lines[0].distance(from: lines[0].startIndex, to: column)
            for line in lines.dropFirst() where offset > 0 {
                let cell = line.index(line.startIndex, offsetBy: offset)
                #expect(line[cell] != " " && line[line.index(before: cell)] == " ", "\(title) in \(line)")
            }
        }
        #expect(lines[2].contains("creating  -  "), "what is not known yet is a dash: \(lines[2])")
        #expect(lines[1].hasSuffix("no         2020-03-23 10:09Z"))
    }

    @Test(arguments: [60, 80, 100, 120, 200])
    func aTableFitsTheTerminalAndKeepsIDs(_ width: Int) throws {
        let item = try CloudSamples.instance(1, "an-instance-with-quite-a-long-name-that-goes-on")
        let lines = lines([item], width: width)
        if width >= 80 { #expect(lines.allSatisfy { $0.count <= width }, "\(lines)") }
        #expect(lines[1].hasPrefix(item.id.rawValue + "  "))
        #expect(lines[0].contains("NAME") && lines[0].contains("STATUS"))
        #expect(lines[0].contains("TYPE") == (width >= 200))
    }

    @Test func emptyColumnsAreLeftOut() throws {
        let item = try CloudSamples.instance(1, "web", ["region": "", "created_at": NSNull()])
        let header = try #require(lines([item]).first)
        #expect(!header.contains("REGION") && !header.contains("CREATED"), "\(header)")
    }

    @Test func nothingFromTheCloudMovesTheCursor() throws {
        let item = try CloudSamples.instance(1, "a\u{1B}[2Jb\nc\u{202E}")
        #expect(lines([item]).count == 2)
        let all = lines([item]) + ResourceTable.detail(item, Instance.fields, style: plain)
        #expect(!all.contains { $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E } })
        #expect(all[1].contains("a^[[2Jb c<U+202E>"))
    }

    @Test func onlyTheHeaderIsColouredAndOnlyOnTerminals() throws {
        let item = try CloudSamples.instance(1, "web")
        let coloured = ResourceTable.lines([item], Instance.fields, width: nil, style: Style(isColored: true))
        #expect(coloured[0].hasPrefix("\u{1B}[1m"))
        #expect(Array(coloured.dropFirst()) == Array(lines([item]).dropFirst()))
    }

    @Test func detailNamesEverythingThatIsKnown() throws {
        let item = try CloudSamples.instance(1, "web", ["ssh_port": 2201])
        let lines = ResourceTable.detail(item, Instance.fields, style: plain)
        #expect(lines.contains("disk             128 GiB"))
        #expect(lines.contains("security groups  standard"))
        #expect(lines.contains("address          198.51.100.127:2201"))
        #expect(!lines.contains { $0.hasPrefix("volumes") }, "empty")
        #expect(item.login == "ssh -p 2201 ubuntu@198.51.100.127")
    }

    @Test func hostileTimesTrapNothing() throws {
        #expect(try CloudSamples.instance(1, "web", ["created_at": 1e300]).createdAt == nil, "no time of an API")
        var item = try CloudSamples.instance(1, "web")
        item.createdAt = Date(timeIntervalSince1970: 1e300)
        item.updatedAt = Date(timeIntervalSince1970: -1e300)
        #expect(lines([item])[1].hasSuffix("?"))
        #expect(try ResourcePrinter.document(item).contains("\"created_at\" : null"))
    }
}

@Suite struct ResourceDocumentTests {
    private func fields(_ value: some Encodable) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(ResourcePrinter.document(value).utf8))
    }

    @Test func anInstanceHasTheAPIsOwnFieldNames() throws {
        let instance = try #require(
            try fields(try CloudSamples.instance(1, "web", ["ssh_port": 22])) as? [String: Any])
        #expect(
            Set(instance.keys) == [
                "id", "name", "hostname", "status", "type", "region", "image", "ssh_keys", "security_groups", "volumes",
                "is_protected", "private_ip", "public_ip", "disk_size", "created_at", "updated_at", "ssh_port",
            ])
        #expect(instance["disk_size"] as? Int == 128)
        #expect(instance["created_at"] as? String == "2020-03-23T10:09:29.152Z")
        #expect((instance["image"] as? [String: String])?["name"] == "Ubuntu 20.04")
    }

    @Test func aListIsOneArray() throws {
        let list = try fields([try CloudSamples.instance(1, "a"), try CloudSamples.instance(2, "b")])
        #expect((list as? [[String: Any]])?.map { $0["name"] as? String } == ["a", "b"])
        #expect((try fields([Instance]()) as? [Any])?.isEmpty == true)
    }

    @Test func unknownWordsPassThrough() throws {
        let item = try CloudSamples.instance(1, "web", ["status": "copying"])
        #expect((try fields(item) as? [String: Any])?["status"] as? String == "copying")
        #expect(
            ResourceTable.lines([item], Instance.fields, width: nil, style: Style(isColored: false))[1].contains(
                "copying"))
    }

    @Test func typesTellWhereTheyAreFree() throws {
        let gpu = "vcpu-4_memory-12g_disk-80g_nvidia3080-1"
        let rows = TypesCommand.rows([
            try CloudSamples.availability("ARC-IS-HAF-1", [(gpu, true, 3), ("vcpu-2_memory-4g", false, nil)]),
            try CloudSamples.availability("NORD-NO-KRS-1", [(gpu, false, 0)]),
        ])
        let lines = ResourceTable.lines(rows, TypesCommand.fields, width: nil, style: Style(isColored: false))
        #expect(lines.count == 3)
        #expect(lines[1].contains("1x nvidia3080") && lines[1].hasSuffix("80 GiB  ARC-IS-HAF-1 (3)"), "\(lines)")
        #expect(lines[2].hasSuffix("nowhere now"))
        let document = try #require(try fields(rows) as? [[String: Any]])
        #expect(document[0]["accelerators"] as? Int == 1)
        #expect(document[0]["memory_gib"] as? Int == 12)
        #expect((document[0]["regions"] as? [[String: Any]])?.count == 2)
    }

    @Test func whatIsFreeEverywhereIsSaidInShort() throws {
        let answers = try ["A", "B", "C"].map {
            try CloudSamples.availability($0, [("t", true, nil), ("u", $0 != "C", nil)])
        }
        let rows = TypesCommand.rows(answers)
        #expect(rows.map(\.places) == ["all 3 regions", "A, B"])
        #expect(TypesCommand.rows(Array(answers.prefix(1))).map(\.places) == ["A", "A"])
    }

    @Test(arguments: [
        ("vcpu-192_memory-1920g_nvidia-h100-sxm5-8", 192, 1920, nil as Int?, "nvidia-h100-sxm5" as String?, 8),
        ("vcpu-2_memory-4g_disk-80g", 2, 4, 80, nil, 0),
        ("vcpu-16_memory-120g_intel-gaudi2-1", 16, 120, nil, "intel-gaudi2", 1),
    ])
    func typesAreTakenApart(
        _ type: String, _ vcpus: Int, _ memory: Int, _ disk: Int?, _ accelerator: String?, _ count: Int
    ) {
        let facts = InstanceTypeFacts(type)
        #expect(facts.vcpus == vcpus && facts.memoryGiB == memory && facts.diskGiB == disk)
        #expect(facts.accelerator == accelerator && facts.accelerators == count)
    }

    @Test func aTypeOfAnotherKindIsNoTrap() {
        for type in ["", "-", "huge", "vcpu-", "a-b_c-d", "vcpu-99999999999999999999_memory-xg"] {
            #expect(InstanceTypeFacts(type).vcpus == nil)
        }
    }
}
