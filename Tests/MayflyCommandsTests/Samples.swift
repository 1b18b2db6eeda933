import Foundation
import Keeper
import MayflyCore
import Synchronization

@testable import MayflyCommands

/// Jobs and clocks for tests of what people see.
enum Samples {
    static let start = WallTime(rawValue: 1_700_000_000_000)

    static func moment(_ seconds: Int64) -> Moment {
        Moment(wall: start.advanced(by: .seconds(seconds)), boot: BootInstant(rawValue: seconds * 1000))
    }

    static func definition(name: String = "train") -> JobDefinition {
        JobDefinition(
            name: name,
            machine: MachineRequest(type: "vcpu-2_memory-4g", image: "ubuntu-24.04", region: "NORD-NO-KRS-1"),
            command: .shell("true"))
    }

    static func job(_ number: Int64 = 41, name: String = "train", results: String = "/r") -> JobRecord {
        JobRecord(
            id: JobID(rawValue: number), definition: definition(name: name),
            cloud: CloudReference(kind: .local, endpoint: ""), resultsParent: results, submission: "s",
            submissionLimit: 1, submittedAt: start)
    }

    static func attempt(_ job: Int64 = 41, phases: [String] = ["queued", "creating"]) -> AttemptState {
        let identity = AttemptIdentity(
            installation: "aaaaaaaa", job: JobID(rawValue: job), attempt: 1, nonce: "bbbbbbbb")
        var state = AttemptState(
            identity: identity, number: 1, expiry: start.advanced(by: .seconds(3600)), now: moment(0), bootID: "boot")
        state.spans = phases.enumerated().map { index, phase in
            PhaseSpan(
                phase: phase, began: moment(Int64(index)), elapsed: index < phases.count - 1 ? 1000 : nil)
        }
        return state
    }

    /// A job that is over, with the proof that its instance is gone.
    static func finished(
        _ number: Int64 = 41, outcome: Outcome = .succeeded, exitCode: Int32? = 0, delivery: Delivery = .complete,
        results: String = "/r"
    ) -> JobRecord {
        var job = job(number, results: results)
        var state = attempt(number, phases: ["queued", "creating", "running", "destroying", "verifying"])
        state.spans[state.spans.count - 1].elapsed = 68_000
        state.phase = .done
        state.outcome = outcome
        state.exitCode = exitCode
        state.delivery = delivery
        var object = CreatedObject(kind: .instance, name: "mf-x", cloudID: "i-1", state: .gone, intendedAt: start)
        object.goneAt = start.advanced(by: .seconds(12))
        state.objects = [object]
        job.attempts = [state]
        job.finishedAt = start.advanced(by: .seconds(72))
        return job
    }

    static func context(_ environment: [String: String] = [:]) -> CommandContext {
        CommandContext(
            environment: environment, currentDirectory: "/tmp", console: Console(), time: SystemTimekeeper(),
            entropy: SystemEntropy())
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
