import Foundation
import GenesisCloud
import MayflyCore
import Testing

@testable import MayflyCommands

@Suite struct SweepTests {
    private static let now = WallTime(rawValue: 1_800_000_000_000)
    private static let identity = AttemptIdentity(
        installation: "abcdefgh", job: JobID(rawValue: 41), attempt: 2, nonce: "ijklmnop")

    private func instance(
        _ hostname: String = identity.description, name: String? = nil, expiresIn seconds: Int64 = -1860,
        age: Double = 7200
    ) throws -> Instance {
        let expiry = WallTime(rawValue: Self.now.rawValue + seconds * 1000)
        let created = Date(timeIntervalSince1970: Double(Self.now.rawValue) / 1000 - age)
        let text = """
            {"id": "i-1", "name": "\(name ?? Self.identity.instanceName(expiry: expiry))", "hostname": "\(hostname)",
             "status": "active", "created_at": "\(created.formatted(.iso8601))"}
            """
        return try JSONDecoder().decode(Instance.self, from: Data(text.utf8))
    }

    private func verdict(_ instance: Instance, _ sweep: Sweep) -> String? {
        switch sweep.findings([instance]).first?.verdict {
        case .remove(let why): "remove: \(why)"
        case .keep(let why): "keep: \(why)"
        case nil: nil
        }
    }

    private let own = Sweep(scope: .installation("abcdefgh"), now: now, minAge: .seconds(600), evenIfRunning: false)

    @Test func onlyWhatOutlivedItsTime() throws {
        #expect(try verdict(instance(), own) == "remove: its time was over 31m 00s ago")
        #expect(try verdict(instance(expiresIn: 90), own) == "keep: its time is not over for another 1m 30s")
        #expect(try verdict(instance(expiresIn: -60), own)?.hasPrefix("keep: its time was over 1m 00s ago") == true)
        #expect(try verdict(instance(age: 599), own) == "keep: too young: 9m 59s")
        #expect(try verdict(instance(name: "mine now"), own) == "keep: renamed: its expiry is not known")
        #expect(
            try verdict(instance(name: Self.identity.description + "-x12a"), own)?.hasPrefix("keep: renamed") == true)
    }

    @Test func ageAloneOnlyWhenSaid() throws {
        var sweep = own
        sweep.minAge = .zero
        #expect(try verdict(instance(expiresIn: 90, age: 1), sweep)?.hasPrefix("keep: its time is not over") == true)
        sweep.evenIfRunning = true
        #expect(try verdict(instance(expiresIn: 90, age: 1), sweep) == "remove: 1.0s old")
        sweep.minAge = .seconds(2)
        #expect(try verdict(instance(expiresIn: 90, age: 1), sweep)?.hasPrefix("keep: too young") == true)
    }

    @Test func othersOnlyWhenSaid() throws {
        let other = AttemptIdentity(installation: "zzzzzzzz", job: JobID(rawValue: 1), attempt: 1, nonce: "aaaaaaaa")
        let expiry = WallTime(rawValue: Self.now.rawValue - 7_200_000)
        let theirs = try instance(other.description, name: other.instanceName(expiry: expiry))
        #expect(verdict(theirs, own) == "keep: of another installation")
        var all = own
        all.scope = .all
        #expect(verdict(theirs, all)?.hasPrefix("remove") == true)
    }

    @Test func strangersAreNotEvenMentioned() throws {
        var all = own
        all.scope = .all
        all.evenIfRunning = true
        all.minAge = .zero
        for hostname in [
            "web", "mf-abcdefgh", "mf-abcdefgh-aaaaaab-ab-short", "mf-abcdefgh-aaaaaab-ab-ijklmno1",
            "mf-abcdefgh-aaaaaab-ab-ijklmnop-x", "MF-abcdefgh-aaaaaab-ab-ijklmnop", "xmf-abcdefgh-aaaaaab-ab-ijklmnop",
        ] {
            #expect(try verdict(instance(hostname), all) == nil, "\(hostname)")
        }
    }

    @Test func aLivingJobOfThisHomeStays() throws {
        var sweep = own
        sweep.evenIfRunning = true
        let job = JobRecord(
            id: JobID(rawValue: 41),
            definition: JobDefinition(
                name: "x", machine: MachineRequest(type: "t", image: "i", region: "r"), command: .shell("true")),
            cloud: CloudReference(kind: .local, endpoint: ""), resultsParent: "/r", submission: "s", submissionLimit: 1,
            submittedAt: Self.now)
        sweep.owners = [Self.identity.description: job]
        #expect(try verdict(instance(), sweep) == "keep: job 41 is queued: `mayfly cancel 41`")
    }

    @Test func identitiesAreReadBack() {
        #expect(AttemptIdentity(hostname: Self.identity.description) == Self.identity)
        let name = Self.identity.instanceName(expiry: WallTime(rawValue: 123_000))
        #expect(Self.identity.expiry(inName: name) == WallTime(rawValue: 123_000))
        #expect(Self.identity.expiry(inName: name + "9999999999999999999") == nil)
        #expect(Self.identity.expiry(inName: "x" + name) == nil)
    }
}
