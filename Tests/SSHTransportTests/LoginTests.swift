import Foundation
import Synchronization
import Testing

@testable import SSHTransport

/// Ways to log in, at servers that are told what to say.
@Suite(.timeLimit(.minutes(2))) struct LoginTests {
    static let secret = "correct horse"

    @Test func passwordLogsIn() async throws {
        let server = try await ScriptedServer { message in
            switch Say.method(of: message) {
            case "none": [Say.failure("publickey,password,keyboard-interactive")]
            case "password": [message.suffix(Self.secret.utf8.count).elementsEqual(Self.secret.utf8) ? Say.success : []]
            default: []
            }
        }
        #expect(try await server.login(.password(user: "me", Self.secret)) == nil)
        #expect(server.received.compactMap(Say.method) == ["none", "password"])
    }

    @Test func wrongPasswordIsSentOnceAndTheErrorTellsAll() async throws {
        let server = try await ScriptedServer { message in
            Say.method(of: message) == nil ? [] : [Say.failure("password,keyboard-interactive")]
        }
        let error = try await server.login(.password(user: "me", Self.secret))
        #expect(error?.code == .authenticationRefused)
        #expect(
            error?.message
                == "the server does not let me in (refused: password; the server offers: password, keyboard-interactive)"
        )
        #expect(server.received.compactMap(Say.method) == ["none", "password"])
    }

    @Test func passwordAnswersTheOneSecretQuestion() async throws {
        let server = try await ScriptedServer { message in
            if let answers = Say.answers(in: message) {
                // OpenSSH with PAM asks, and then says something without asking.
                return [
                    answers == [Self.secret] ? Say.ask([], instruction: "welcome") : answers == [] ? Say.success : []
                ]
            }
            switch Say.method(of: message) {
            case "none": return [Say.failure("keyboard-interactive")]
            case "keyboard-interactive": return [Say.ask([("Password: ", echo: false)])]
            default: return []
            }
        }
        #expect(try await server.login(.password(user: "me", Self.secret)) == nil)
    }

    @Test(arguments: [
        [("Name: ", echo: true)], [("Password: ", echo: false), ("Code: ", echo: false)],
    ])
    func passwordIsNoAnswerToOtherQuestions(prompts: [(String, echo: Bool)]) async throws {
        let server = try await ScriptedServer { message in
            switch Say.method(of: message) {
            case "none": [Say.failure("keyboard-interactive")]
            case "keyboard-interactive":
                [Say.ask(prompts)]
            default: []
            }
        }
        let error = try await server.login(.password(user: "me", Self.secret))
        #expect(error?.code == .authenticationRefused)
        #expect(error?.message.contains(prompts[0].0) == true)
        #expect(!server.received.contains { $0.first == 61 })
    }

    @Test func expiredPasswords() async throws {
        let server = try await ScriptedServer { message in
            switch Say.method(of: message) {
            case "none": [Say.failure("password")]
            case "password": [Say.changePassword("Your password has expired.")]
            default: []
            }
        }
        #expect(try await server.login(.password(user: "me", Self.secret))?.code == .passwordExpired)
        #expect(server.received.compactMap(Say.method) == ["none", "password"])

        let other = try await ScriptedServer { message in
            if Say.answers(in: message) != nil { return [Say.ask([("New password: ", echo: false)])] }
            switch Say.method(of: message) {
            case "none": return [Say.failure("keyboard-interactive")]
            case "keyboard-interactive": return [Say.ask([("Password: ", echo: false)])]
            default: return []
            }
        }
        let error = try await other.login(.password(user: "me", Self.secret))
        #expect(error?.code == .passwordExpired)
        #expect(other.received.compactMap(Say.answers) == [[Self.secret]])
    }

    @Test func questionsReachTheClosure() async throws {
        let server = try await ScriptedServer { message in
            if let answers = Say.answers(in: message) {
                return [answers == ["Anna", "123456", ""] ? Say.success : Say.failure("keyboard-interactive")]
            }
            switch Say.method(of: message) {
            case "none": return [Say.failure("keyboard-interactive")]
            case "keyboard-interactive":
                return [
                    Say.ask(
                        [("Name: ", echo: true), ("Code: ", echo: false), ("Anything: ", echo: true)],
                        instruction: "Two steps")
                ]
            default: return []
            }
        }
        let seen = Mutex<[SSHChallenge]>([])
        let credential = SSHCredential(
            user: "me",
            methods: [
                .keyboardInteractive { challenge in
                    seen.withLock { $0.append(challenge) }
                    return ["Anna", "123456", ""]
                }
            ])
        #expect(try await server.login(credential) == nil)
        let challenge = try #require(seen.withLock { $0 }.first)
        #expect(challenge.instruction == "Two steps")
        #expect(challenge.prompts.map(\.text) == ["Name: ", "Code: ", "Anything: "])
        #expect(challenge.prompts.map(\.isEchoed) == [true, false, true])
        #expect(challenge.round == 1)
    }

    @Test(arguments: [[], ["one", "two"], nil] as [[String]?])
    func answersThatDoNotFit(answers: [String]?) async throws {
        let server = try await ScriptedServer { message in
            switch Say.method(of: message) {
            case "none": [Say.failure("keyboard-interactive")]
            case "keyboard-interactive": [Say.ask([("Code: ", echo: false)])]
            default: []
            }
        }
        let error = try await server.login(SSHCredential(user: "me", methods: [.keyboardInteractive { _ in answers }]))
        #expect(error?.code == .authenticationRefused)
        #expect(!server.received.contains { $0.first == 61 })
    }

    @Test func serverThatNeverStopsAsking() async throws {
        let server = try await ScriptedServer { message in
            Say.method(of: message) == "none"
                ? [Say.failure("keyboard-interactive")] : [Say.ask([("Again: ", echo: true)])]
        }
        let error = try await server.login(SSHCredential(user: "me", methods: [.keyboardInteractive { _ in [""] }]))
        #expect(error?.code == .authenticationRefused)
        #expect(error?.message.contains("never stopped") == true)
    }

    @Test func methodsAreTriedInOrderAndOnlyWhenOffered() async throws {
        let server = try await ScriptedServer { message in
            Say.method(of: message) == nil ? [] : [Say.failure("publickey,password")]
        }
        let key = SSHPrivateKey.generateEd25519(comment: "")
        let other = SSHPrivateKey.generateEd25519(comment: "")
        let error = try await server.login(
            SSHCredential(
                user: "me",
                methods: [
                    .keyboardInteractive { _ in nil }, .password(Self.secret), .privateKey(key), .privateKey(other),
                ]))
        #expect(error?.code == .authenticationRefused)
        // The second "none" asks whether the rest is offered by now.
        #expect(server.received.compactMap(Say.method) == ["none", "password", "publickey", "publickey", "none"])
        let message = try #require(error?.message)
        for part in [
            "refused: password, key \(key.publicKey.fingerprint), key \(other.publicKey.fingerprint)",
            "not offered: keyboard-interactive", "offers: publickey, password",
        ] { #expect(message.contains(part), "\(message)") }
        #expect(!message.contains(Self.secret))
    }

    @Test func keyThenPassword() async throws {
        let hasKey = Mutex(false)
        let server = try await ScriptedServer { message in
            switch Say.method(of: message) {
            case "none": return [Say.failure(hasKey.withLock { $0 } ? "password" : "publickey")]
            case "publickey":
                hasKey.withLock { $0 = true }
                return [Say.failure("password", partial: true)]
            case "password": return [hasKey.withLock { $0 } ? Say.success : Say.failure("publickey")]
            default: return []
            }
        }
        let key = SSHPrivateKey.generateEd25519(comment: "")
        let credential = SSHCredential(user: "me", methods: [.password(Self.secret), .privateKey(key)])
        #expect(try await server.login(credential) == nil)
    }

    @Test func serverThatAsksForNothing() async throws {
        let server = try await ScriptedServer { message in Say.method(of: message) == "none" ? [Say.success] : [] }
        #expect(try await server.login(SSHCredential(user: "me", methods: [])) == nil)
        let strict = try await ScriptedServer { message in [Say.failure("publickey")] }
        let error = try await strict.login(SSHCredential(user: "me", methods: []))
        #expect(error?.code == .authenticationRefused)
    }

    @Test func serverThatSaysEnough() async throws {
        // RFC 4253 11.1: disconnect, here after the first refusal.
        let count = Mutex(0)
        let server = try await ScriptedServer { message in
            let round = count.withLock {
                $0 += 1
                return $0
            }
            return round < 3
                ? [Say.failure("publickey,password")]
                : [
                    Say.message(1) {
                        $0.integer(2); $0.string("Too many authentication failures"); $0.string("")
                    }
                ]
        }
        let error = try await server.login(
            SSHCredential(
                user: "me", methods: [.password(Self.secret), .privateKey(.generateEd25519(comment: ""))]))
        #expect(error?.code == .authenticationRefused, "\(error as Any)")
        #expect(error?.message.contains("refused: password") == true)
    }

    @Test(
        arguments: [
            // Lengths that reach beyond the message: of the name, of the instruction, of a prompt; and too many prompts.
            [60, 0, 0, 0x10, 0], [60, 0, 0, 0, 1], [60, 0xff, 0xff, 0xff, 0xff], [60], [60, 0, 0, 0, 0, 0x7f, 0, 0, 0],
            [60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff],
            [60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1],
        ] as [[UInt8]])
    func brokenQuestions(message: [UInt8]) async throws {
        let server = try await ScriptedServer { request in
            Say.method(of: request) == "none" ? [Say.failure("keyboard-interactive")] : [message]
        }
        let error = try await server.login(
            SSHCredential(user: "me", methods: [.keyboardInteractive { $0.prompts.map { _ in "" } }]),
            SSHConfiguration(handshakeTimeout: .seconds(5)))
        #expect(error != nil)
    }

    @Test func nothingShowsASecret() throws {
        let key = SSHPrivateKey.generateEd25519(comment: "c")
        let credential = SSHCredential(
            user: "me", methods: [.password(Self.secret), .privateKey(key), .keyboardInteractive { _ in nil }])
        var dumped = ""
        dump(credential, to: &dumped)
        dump(key, to: &dumped)
        for text in ["\(credential)", String(reflecting: credential), dumped] {
            #expect(!text.contains(Self.secret))
        }
        #expect("\(credential)" == "me (password, key \(key.publicKey.fingerprint), keyboard-interactive)")
    }
}
