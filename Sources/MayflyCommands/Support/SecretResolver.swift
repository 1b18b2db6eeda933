import MayflyCore
import Subprocess

/// Finds the values of a job's secrets at submit. They are handed to the keeper's memory and go nowhere else.
struct SecretResolver: Sendable {
    static let longestValue = 128 * 1024

    var environment: [String: String]

    /// In the order of the references.
    /// - Throws: ``CommandError`` that names the secret and where it was looked for, never a value.
    func values(of job: JobDefinition) async throws -> [EnvironmentVariable] {
        var values: [EnvironmentVariable] = []
        for reference in job.secrets {
            let value = try await value(of: reference, job: job.name)
            guard !value.utf8.contains(0) else {
                throw problem(reference, job.name, "holds a NUL byte, which no environment variable can")
            }
            values.append(EnvironmentVariable(name: reference.name, value: value))
        }
        return values
    }

    /// What is known here of a job's secrets, for masking output: no command is run for that, and what cannot be found is
    /// no error.
    func maskedValues(of job: JobDefinition) async -> [String] {
        var values: [String] = []
        for reference in job.secrets {
            if case .command = reference.source { continue }
            if let value = try? await value(of: reference, job: job.name) { values.append(value) }
        }
        return values
    }

    private func value(of reference: SecretReference, job: String) async throws -> String {
        switch reference.source {
        case .environment(let name):
            guard let value = environment[name] else {
                throw problem(reference, job, "the environment variable \(name) is not set; set it and submit again")
            }
            return value
        case .file(let path):
            let bytes: [UInt8]
            do {
                bytes = try await offload { try Paths.read(path, limit: Self.longestValue) }
            } catch let error as CommandError {
                throw problem(reference, job, error.message)
            }
            return try text(bytes, reference, job)
        case .command(let command):
            return try await output(of: command, reference, job)
        }
    }

    private func output(of command: String, _ reference: SecretReference, _ job: String) async throws -> String {
        do {
            let result = try await Subprocess.run(
                .name("sh"), arguments: ["-c", command], output: .bytes(limit: Self.longestValue),
                error: .currentStandardError)
            guard result.terminationStatus.isSuccess else {
                throw problem(reference, job, "its command ended with \(result.terminationStatus)")
            }
            return try text(result.standardOutput, reference, job)
        } catch let error as CommandError {
            throw error
        } catch {
            throw problem(reference, job, "its command could not be run: \(error)")
        }
    }

    /// UTF-8, one trailing newline removed.
    private func text(_ bytes: [UInt8], _ reference: SecretReference, _ job: String) throws -> String {
        var bytes = bytes
        if bytes.last == 0x0A { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw problem(reference, job, "its value is not UTF-8 text")
        }
        return text
    }

    private func problem(_ reference: SecretReference, _ job: String, _ why: String) -> CommandError {
        CommandError(code: .usage, message: "secret \(reference.name) of \(job): \(why)")
    }
}
