import GenesisCloud
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct ResourceLookupTests {
    private func instances() throws -> [Instance] {
        [
            try CloudSamples.instance(1, "web"), try CloudSamples.instance(2, "db"),
            try CloudSamples.instance(3, "web"),
            try CloudSamples.instance(4, CloudSamples.id(2)),
            try CloudSamples.instance(5, "deadbeef", ["id": "deadbeef-1"]),
            try CloudSamples.instance(6, "other", ["id": "deadbeef-2"]),
        ]
    }

    @Test func byNameIDAndTheBeginningOfAnID() throws {
        let items = try instances()
        #expect(try ResourceLookup.pick("db", among: items).id.rawValue == CloudSamples.id(2))
        #expect(try ResourceLookup.pick(CloudSamples.id(3), among: items).name == "web")
        #expect(try ResourceLookup.pick(CloudSamples.id(2), among: items).name == "db", "an id goes before a name")
        #expect(try ResourceLookup.pick("deadbeef", among: items).id == "deadbeef-1", "a name before a beginning")
        #expect(try ResourceLookup.pick("deadbeef-2", among: items).name == "other")
        #expect(throws: CommandError.self) { try ResourceLookup.pick("deadbee", among: items) }
    }

    @Test func anAmbiguousNameListsItsCandidates() throws {
        let items = try instances()
        let error = try #require(throws: CommandError.self) { try ResourceLookup.pick("web", among: items) }
        #expect(error.exitCode == 64)
        let lines = error.message.split(separator: "\n")
        #expect(lines[0] == "2 instances are called \"web\": name one by its id")
        #expect(lines.count == 4)
        #expect(lines[2].contains(CloudSamples.id(1)) && lines[3].contains(CloudSamples.id(3)))
    }

    @Test func theBeginningOfSeveralIDsIsAmbiguous() throws {
        let items =
            try instances().filter { $0.name != "deadbeef" && $0.name != "web" } + [
                try CloudSamples.instance(7, "x", ["id": "deadbeef-3"])
            ]
        let error = try #require(throws: CommandError.self) { try ResourceLookup.pick("deadbeef", among: items) }
        #expect(error.message.contains("deadbeef-2") && error.message.contains("deadbeef-3"))
    }

    @Test func aNearMissIsSuggested() throws {
        let items = [try CloudSamples.instance(1, "trainer")]
        let near = try #require(throws: CommandError.self) { try ResourceLookup.pick("trianer", among: items) }
        #expect(near.message == "no instance has the name or id \"trianer\"; did you mean \"trainer\"?")
        let far = try #require(throws: CommandError.self) { try ResourceLookup.pick("x\u{1B}[2J", among: items) }
        #expect(far.message == "no instance has the name or id \"x^[[2J\"; `mayfly instance ls` lists them")
    }

    @Test func imagesAreFoundByTheirSlug() throws {
        let images = [
            try CloudSamples.image(1, "Ubuntu 24.04", slug: "ubuntu", versions: ["24.04", "22.04"]),
            try CloudSamples.image(2, "Ubuntu 22.04", slug: "ubuntu-22.04"),
        ]
        #expect(try ResourceLookup.pick("ubuntu:22.04", among: images).slug == "ubuntu")
        #expect(try ResourceLookup.pick("ubuntu-22.04", among: images).name == "Ubuntu 22.04")
        #expect(throws: CommandError.self) { try ResourceLookup.pick("ubuntu:18.04", among: images) }
    }

    @Test(arguments: [
        ("9e8ce501-d692-402c-8fca-5a8f5d8ddd57", true), ("web", false), ("9e8ce501-d692-402c-8fca", false),
        ("9e8ce501-d692-402c-8fca-5a8f5d8dddzz", false), ("", false),
    ])
    func whatLooksLikeAnID(_ text: String, _ expected: Bool) {
        #expect(ResourceLookup.looksLikeID(text) == expected)
    }
}

@Suite struct CloudFailureTests {
    private func failure(_ error: GenesisCloudError, toFindOut: String? = nil) -> CloudFailure {
        CloudFailure(doing: "create instance \"web\"", error: error, toFindOut: toFindOut)
    }

    @Test func exitCodes() {
        func code(_ code: GenesisCloudError.Code, status: Int? = 400, operation: APIOperation? = .createInstance)
            -> Int32
        {
            failure(GenesisCloudError(code: code, message: "", operation: operation, httpStatus: status)).exitCode
        }
        #expect(code(.capacity) == 242)
        #expect(code(.validation) == 241, "the cloud refused it")
        #expect(code(.validation, status: nil) == 64, "refused here")
        #expect(code(.unauthorized) == 241)
        #expect(code(.connection, status: nil) == 241)
        #expect(code(.timeout, status: nil, operation: nil) == 244, "a wait that ran out")
        #expect(code(.timeout, status: nil) == 241)
    }

    @Test func whoseMatterItIsAndWhatToDo() {
        let refused = failure(
            GenesisCloudError(
                code: .conflict, message: "DELETE /instances/1 at h: it does not fit (HTTP 409: 02040 protected)",
                operation: .destroyInstance, httpStatus: 409))
        #expect(refused.lines.count == 2)
        #expect(refused.lines[0].hasPrefix("create instance \"web\": DELETE /instances/1"))
        #expect(refused.lines[1].contains("the state it is in") && refused.lines[1].contains("next: "))
        for code in GenesisCloudError.Code.allCases {
            let lines = failure(GenesisCloudError(code: code, message: "m")).lines
            #expect(lines.count == 2 && lines[1].contains("next: "))
        }
    }

    @Test func anUnknownOutcomeSaysHowToFindOut() {
        let lost = failure(
            GenesisCloudError(
                code: .connection, message: "outcome unknown", operation: .createInstance,
                requestMayHaveTakenEffect: true), toFindOut: "`mayfly instance ls`; its hostname is web")
        #expect(lost.lines[1].contains("not sent again"))
        #expect(lost.lines[1].hasSuffix("`mayfly instance ls`; its hostname is web"))
        let repeated = failure(
            GenesisCloudError(
                code: .server, message: "m", operation: .destroyInstance, requestMayHaveTakenEffect: true))
        #expect(!repeated.lines[1].contains("not sent again"), "a destroy may be repeated")
    }

    @Test func whatTheCloudSaysIsHarmless() {
        let lines = failure(GenesisCloudError(code: .server, message: "x\u{202E}\u{1B}[2J")).lines
        #expect(lines[0].hasSuffix("x<U+202E>^[[2J"))
    }
}
