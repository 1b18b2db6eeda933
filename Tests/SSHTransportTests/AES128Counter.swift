/// AES-128 in counter mode (FIPS 197, RFC 4344), for tests: swift-crypto has only authenticated modes.
struct AES128Counter {
    private static let box: [UInt8] = {
        func rotated(_ byte: UInt8, _ by: UInt8) -> UInt8 { byte << by | byte >> (8 - by) }
        var box = [UInt8](repeating: 0x63, count: 256)
        var power: UInt8 = 1
        var inverse: UInt8 = 1
        repeat {
            // Through all powers of 3, and of its inverse beside it.
            power = power ^ doubled(power)
            inverse ^= inverse << 1
            inverse ^= inverse << 2
            inverse ^= inverse << 4
            if inverse & 0x80 != 0 { inverse ^= 0x09 }
            box[Int(power)] =
                inverse ^ rotated(inverse, 1) ^ rotated(inverse, 2) ^ rotated(inverse, 3) ^ rotated(inverse, 4) ^ 0x63
        } while power != 1
        return box
    }()

    private static func doubled(_ byte: UInt8) -> UInt8 { byte << 1 ^ (byte & 0x80 != 0 ? 0x1b : 0) }

    private let roundKeys: [UInt8]
    private var counter: [UInt8]
    private var stream: [UInt8] = []

    init(key: [UInt8], start: [UInt8]) {
        var words = key
        var constant: UInt8 = 1
        for index in stride(from: 16, to: 176, by: 4) {
            var word = Array(words[(index - 4)..<index])
            if index % 16 == 0 {
                word = [word[1], word[2], word[3], word[0]].map { Self.box[Int($0)] }
                word[0] ^= constant
                constant = Self.doubled(constant)
            }
            for offset in 0..<4 { words.append(words[index - 16 + offset] ^ word[offset]) }
        }
        roundKeys = words
        counter = start
    }

    mutating func applied(to bytes: [UInt8]) -> [UInt8] {
        while stream.count < bytes.count {
            stream += encrypted(counter)
            for index in counter.indices.reversed() {
                counter[index] &+= 1
                if counter[index] != 0 { break }
            }
        }
        defer { stream.removeFirst(bytes.count) }
        return zip(bytes, stream).map { $0 ^ $1 }
    }

    private func encrypted(_ block: [UInt8]) -> [UInt8] {
        var state = (0..<16).map { block[$0] ^ roundKeys[$0] }
        for round in 1...10 {
            let shifted = (0..<16).map { Self.box[Int(state[($0 + 4 * ($0 % 4)) % 16])] }
            for column in 0..<4 {
                let old = Array(shifted[(4 * column)..<(4 * column + 4)])
                let all = old[0] ^ old[1] ^ old[2] ^ old[3]
                for row in 0..<4 {
                    let mixed = round == 10 ? old[row] : old[row] ^ all ^ Self.doubled(old[row] ^ old[(row + 1) % 4])
                    state[4 * column + row] = mixed ^ roundKeys[16 * round + 4 * column + row]
                }
            }
        }
        return state
    }
}
