import Foundation
import MayflyCore
import Testing

@testable import OnInstance

/// What is not the whole supervisor, byte for byte, is neither put in place nor run.
@Suite(.timeLimit(.minutes(2)), .everyShell)
struct TornSupervisorTests {
    @Test func whatArrivesOtherwiseThanItWasSentIsNotInstalled() async throws {
        let instance = try await TestInstance(startup: "none", installed: false)
        let whole = instance.supervisor.awaitStartup()
        let middle = whole.input.count / 2
        let damages: [@Sendable (inout [UInt8]) -> Void] = [
            { $0.removeLast(100) }, { $0.removeAll() }, { $0[middle] ^= 1 }, { $0.append(0x0a) },
            { $0.replaceSubrange(middle..<middle + 4096, with: repeatElement(0, count: 4096)) },
        ]
        for damage in damages {
            var step = whole
            damage(&step.input)
            let answer = try await instance.run(step)
            #expect(answer.code == 1 && answer.text.isEmpty && answer.errors.contains("as it was sent"), "\(answer)")
            #expect(try instance.left == ["startup.kind"])
        }
        let answer = try await instance.run(whole)
        #expect(answer.code == 0 && answer.line == "exit 0", "\(answer.errors)")
        #expect(instance.content("supervisor.sh") == whole.input)

        // Nor does it replace the one that is there.
        var step = whole
        step.input[middle] ^= 1
        #expect(try await instance.run(step).code == 1)
        #expect(instance.content("supervisor.sh") == whole.input)
    }

    @Test func anImageWithoutSHA256SumGoesByTheLength() async throws {
        let instance = try await TestInstance(startup: "none", installed: false)
        let bin = "\(instance.root)/bin"
        let made = try await instance.run(
            RemoteStep(
                command: "mkdir \(bin) && for t in sh mkdir cat wc mv rm; do ln -s \"$(command -v $t)\" \(bin)/; done"))
        #expect(made.code == 0, "\(made.errors)")
        var step = instance.supervisor.awaitStartup()
        step.input.removeLast()
        #expect(try await instance.run(step, path: bin).code == 1)
        step.input.append(0x0a)
        #expect(try await instance.run(step, path: bin).line == "exit 0")
    }

    @Test func theSumIsThatOfTheScript() async throws {
        let instance = try await TestInstance()
        let sum = try await instance.run(
            RemoteStep(command: "sha256sum", input: instance.supervisor.awaitStartup().input)
        ).text.prefix(64)
        #expect(Supervisor.sum == sum, "Supervisor.sum is to be \(sum)")
    }

    @Test func aTornOneIsNotRun() async throws {
        let instance = try await TestInstance()
        let whole = try #require(instance.content("supervisor.sh"))
        let text = String(decoding: whole, as: UTF8.self)
        #expect(text.split(separator: "\n").filter { $0 == "esac" }.count == 1, "the last line tells a whole one")
        let dispatch = try #require(whole.firstRange(of: Array("\nverb=$1".utf8))).lowerBound
        let start = instance.supervisor.start(.run, TestInstance.launch(.shell("touch ran")))
        let began = instance.supervisor.began(.run)
        var torn = [0, 1, 2000, whole.count / 2, dispatch, dispatch + 20, whole.count - 5, whole.count - 30].map {
            Array(whole[..<$0])
        }
        // What a crash leaves of a file whose blocks had not been written.
        torn += [[UInt8](repeating: 0, count: whole.count), whole[..<dispatch] + [UInt8](repeating: 0, count: 4096)]
        for bytes in torn {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(instance.state)/supervisor.sh"))
            for step in [start, began] {
                let answer = try await instance.run(step)
                #expect(answer.code == 70 && answer.text.isEmpty, "of \(bytes.count) bytes: \(answer)")
                #expect(answer.errors.contains("missing or torn"), "\(answer.errors)")
            }
            #expect(!instance.exists("\(instance.state)/run.lock"))
        }
        try FileManager.default.removeItem(atPath: "\(instance.state)/supervisor.sh")
        #expect(try await instance.run(began).code == 70)

        try Data(whole).write(to: URL(fileURLWithPath: "\(instance.state)/supervisor.sh"))
        #expect(try await instance.run(began).line == "not-started")
        #expect(try await instance.run(start).line == "started")
        #expect(try await instance.sealed().result == .exited(0))
    }
}

extension TestInstance {
    fileprivate var left: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: state).sorted() }
    }

    fileprivate func content(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(state)/\(name)").map { [UInt8]($0) }
    }
}
