/// Answers the questions of one keyboard-interactive login, and notes why it no longer does.
final class SSHResponder {
    /// Servers ask two or three times; one that never stops is no login.
    private static let roundLimit = 16

    private let answer: (SSHChallenge) -> [String]?
    private var round = 0
    /// Why the login is to end; nothing is sent any more.
    private(set) var failure: SSHError?

    init(_ answer: @escaping (SSHChallenge) -> [String]?) {
        self.answer = answer
    }

    /// Gives a password to the one question that is for something secret.
    convenience init(password: String) {
        var wasGiven = false
        self.init { challenge in
            if challenge.prompts.isEmpty { return [] }
            guard !wasGiven, challenge.prompts.count == 1, !challenge.prompts[0].isEchoed else { return nil }
            wasGiven = true
            return [password]
        }
    }

    func respond(name: String, instruction: String, prompts: [SSHChallenge.Prompt]) -> [String]? {
        guard failure == nil else { return nil }
        round += 1
        let challenge = SSHChallenge(name: name, instruction: instruction, prompts: prompts, round: round)
        guard round <= Self.roundLimit else {
            failure = SSHError(.authenticationRefused, "the server never stopped asking questions")
            return nil
        }
        guard let answers = answer(challenge) else {
            failure = Self.unanswered(challenge)
            return nil
        }
        guard answers.count == prompts.count else {
            failure = SSHError(
                .authenticationRefused,
                "the server asked \(prompts.count) questions and \(answers.count) answers were given")
            return nil
        }
        return answers
    }

    private static func unanswered(_ challenge: SSHChallenge) -> SSHError {
        let texts = [challenge.name, challenge.instruction] + challenge.prompts.map(\.text)
        let said = printable(texts.filter { !$0.isEmpty }.joined(separator: " "))
        // There is no other sign of it than words.
        let lowered = said.lowercased()
        if ["new password", "new unix password", "expired", "change your password"].contains(where: lowered.contains) {
            return SSHError(.passwordExpired, "the server wants the password changed first; it said: \(said)")
        }
        return SSHError(
            .authenticationRefused, "the server asked something that was not answered; it said: \(said)")
    }
}
