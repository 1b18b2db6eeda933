import NIOCore
import SSHTransport
import Synchronization

/// Tells a plan from a tar by its first line, which no tar of the supervisor's begins with.
final class PlanSniffer: Sendable {
    private enum State {
        case undecided(ByteBuffer)
        case passing
        case plan(ByteBuffer)
    }

    private static let mark = Array("no-tar\n".utf8)
    /// More is no list of paths.
    private static let longest = 256 << 20
    private let state = Mutex(State.undecided(ByteBuffer()))

    /// - Returns: what is part of a tar.
    func take(_ bytes: ByteBuffer) throws -> ByteBuffer? {
        try state.withLock { state in
            switch state {
            case .passing: return bytes
            case .undecided(var held):
                held.writeImmutableBuffer(bytes)
                let begin = held.readableBytesView.prefix(Self.mark.count)
                if !begin.elementsEqual(Self.mark.prefix(begin.count)) {
                    state = .passing
                    return held
                }
                state = begin.count == Self.mark.count ? .plan(held) : .undecided(held)
            case .plan(var held):
                // Out of its box first: else it would be copied each time.
                state = .passing
                held.writeImmutableBuffer(bytes)
                state = .plan(held)
                guard held.readableBytes <= Self.longest else {
                    throw SSHError(.protocolError, "the instance's list of files has no end")
                }
            }
            return nil
        }
    }

    /// - Returns: a plan, or what is left of a stream that is none.
    func finish() -> (plan: [UInt8]?, rest: ByteBuffer?) {
        state.withLock { state in
            switch state {
            case .passing: (nil, nil)
            case .undecided(let held): (nil, held.readableBytes > 0 ? held : nil)
            case .plan(let held): (Array(held.readableBytesView), nil)
            }
        }
    }
}

/// The plan of a supervisor without `tar`: lines "r PART ROOT", "d PART ./path" of folders and links, "f PART ./path" of files,
/// then "manifest" and the manifest.
struct CollectPlan {
    struct Item: Equatable {
        /// In the stream.
        let path: [UInt8]
        /// On the instance.
        let absolute: [UInt8]
    }

    private(set) var items: [Item] = []
    private(set) var manifest: [UInt8] = []

    /// What makes no sense is left out: then the manifest, which has its end or not, says what is missing.
    init(_ text: [UInt8]) {
        let mark = Array("\nmanifest\n".utf8)
        guard let end = text.firstRange(of: mark) else { return }
        manifest = Array(text[end.upperBound...])
        var roots: [UInt8: [UInt8]] = [:]
        for line in text[..<end.lowerBound].split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0].count == 1, let kind = fields[0].first, let part = fields[1].first else {
                continue
            }
            if kind == UInt8(ascii: "r") {
                roots[part] = Array(fields[2])
            } else if let root = roots[part] {
                items.append(Item(path: Array(fields[2]), absolute: root + [UInt8(ascii: "/")] + fields[2]))
            }
        }
    }
}
