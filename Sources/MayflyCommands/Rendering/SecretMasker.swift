/// Replaces known secrets in what is shown on terminals and in CI logs; files are never altered.
///
/// A secret may be split over two chunks, so a tail that could be the beginning of one is held back.
struct SecretMasker {
    /// Shorter values would mask ordinary text.
    static let shortest = 4
    private static let mask = Array("***".utf8)

    private let secrets: [[UInt8]]
    private var held: [UInt8] = []

    init(secrets: [String]) {
        self.secrets = Set(secrets).map { Array($0.utf8) }
            .filter { $0.count >= Self.shortest }
            .sorted { ($0.count, $1.lexicographicKey) > ($1.count, $0.lexicographicKey) }
    }

    mutating func mask(_ bytes: some Collection<UInt8>) -> [UInt8] {
        if secrets.isEmpty { return Array(bytes) }
        let input = held + bytes
        held = []
        var output: [UInt8] = []
        output.reserveCapacity(input.count)
        var index = 0
        while index < input.count {
            let rest = input[index...]
            // Waiting comes first: a longer secret may begin with a shorter one.
            if secrets.contains(where: { $0.count > rest.count && $0.starts(with: rest) }) {
                held = Array(rest)
                return output
            } else if let secret = secrets.first(where: { rest.starts(with: $0) }) {
                output += Self.mask
                index += secret.count
            } else {
                output.append(input[index])
                index += 1
            }
        }
        return output
    }

    /// What was held back, at the end of the stream: by now no secret can be completed, but one may lie within.
    mutating func finish() -> [UInt8] {
        let rest = held
        held = []
        let whole = SecretMasker(complete: secrets.filter { $0.count <= rest.count })
        return whole.secrets.isEmpty ? rest : whole.maskAll(rest)
    }

    private init(complete secrets: [[UInt8]]) { self.secrets = secrets }

    private func maskAll(_ input: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < input.count {
            if let secret = secrets.first(where: { input[index...].starts(with: $0) }) {
                output += Self.mask
                index += secret.count
            } else {
                output.append(input[index])
                index += 1
            }
        }
        return output
    }
}

extension [UInt8] {
    /// Orders secrets of one length, so that the choice among overlapping ones does not depend on hashing.
    fileprivate var lexicographicKey: String { String(decoding: self, as: UTF8.self) }
}
