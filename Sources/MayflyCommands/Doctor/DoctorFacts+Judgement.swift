import GenesisCloud
import Keeper
import MayflyCore

extension DoctorFacts {
    static let littleSpace: Int64 = 5_000_000_000
    static let tooLittleSpace: Int64 = 500_000_000
    /// Beyond these the clock is worth a word, or makes expiry times and TLS unreliable.
    static let noticeableSkew: Duration = .seconds(5)
    static let harmfulSkew: Duration = .seconds(300)

    /// In the order in which one would look.
    var findings: [Finding] {
        [homeFinding, spaceFinding, tokenFinding, cloudFinding].compactMap { $0 } + apiFindings
            + [keeperFinding, localCloudFinding, instancesFinding, sshFinding]
    }

    private var homeFinding: Finding {
        if let trouble = home.trouble {
            return .problem("home", trouble, next: "name another folder with MAYFLY_HOME or --home")
        }
        guard home.isOwn else {
            return .problem(
                "home", "\(home.path) belongs to another user",
                next: "name a folder of your own with MAYFLY_HOME or --home")
        }
        guard home.isWritable else {
            return .problem("home", "\(home.path) cannot be written", next: "`chmod u+rwx \(home.path)`")
        }
        guard home.mode & 0o077 == 0 else {
            return .warning(
                "home", "\(home.path) is open to others (mode \(Self.octal(home.mode))); keys and tokens in it are not",
                next: "`chmod 700 \(home.path)`")
        }
        return .ok("home", "\(home.path) is yours alone")
    }

    private var spaceFinding: Finding? {
        guard let free = home.freeBytes else { return nil }
        let text = "\(SizeText.bytes(free)) free under \(home.path)"
        if free < Self.tooLittleSpace {
            return .problem("disk", text, next: "free some: a full disk loses a job's output")
        }
        if free < Self.littleSpace {
            return .warning("disk", text, next: "free some before jobs with large outputs")
        }
        return .ok("disk", text)
    }

    private var tokenFinding: Finding {
        if let trouble = token.trouble {
            return .problem("token", trouble, next: "`mayfly login` stores a token; GENESISCLOUD_TOKEN gives one")
        }
        guard let source = token.source else {
            return cloud == .local && !isFallback
                ? .ok("token", "none for \(token.endpoint), and the local cloud needs none")
                : .warning(
                    "token", "none for \(token.endpoint)",
                    next: "`mayfly login` for Genesis Cloud; the local cloud needs none")
        }
        return .ok("token", "from \(source), for \(token.endpoint)")
    }

    private var cloudFinding: Finding? {
        if let choiceTrouble {
            return .problem("cloud", choiceTrouble, next: "`mayfly login`, or --cloud local")
        }
        guard let cloud else { return nil }
        guard cloud == .local else { return .ok("cloud", "Genesis Cloud at \(token.endpoint)") }
        return .ok("cloud", isFallback ? "the local cloud, since there is no token" : "the local cloud")
    }

    private var apiFindings: [Finding] {
        guard let probe else { return [] }
        var findings: [Finding] = []
        if let proxy, !probe.isLoopback { findings.append(proxyFinding(proxy)) }
        if let error = probe.error {
            findings.append(Self.finding(error))
        } else {
            let time = probe.duration.map { " in \(TimeText.milliseconds($0))" } ?? ""
            let tls = probe.isLoopback ? "" : ", TLS verified"
            findings.append(.ok("api", "\(probe.endpoint) takes the token and answers\(time)\(tls)"))
        }
        findings.append(rateFinding(probe))
        if let skew = skewFinding(probe) { findings.append(skew) }
        return findings
    }

    private func proxyFinding(_ proxy: Proxy) -> Finding {
        guard let address = proxy.address else {
            return .warning(
                "proxy", "\(proxy.variable) is no address and is not used",
                next: "write it like http://host:port, or unset it")
        }
        return .ok("proxy", "\(address), from \(proxy.variable); TLS goes through it to the cloud")
    }

    private static func finding(_ error: GenesisCloudError) -> Finding {
        let next: String
        switch error.code {
        case .unauthorized: next = "`mayfly login` with a token from the console"
        case .forbidden: next = "give the token the scope for instances in the console"
        case .connection where error.message.lowercased().contains("tls"),
            .connection where error.message.lowercased().contains("certificate"):
            next = "install the CA certificates (`apt install ca-certificates`); behind a proxy that opens TLS, its CA"
        case .connection, .timeout:
            next = "check the network, GENESISCLOUD_ENDPOINT, and HTTPS_PROXY where you need one"
        case .rateLimited: next = "another program of this account asks too often; Mayfly slows down by itself"
        case .notFound, .badResponse: next = "check GENESISCLOUD_ENDPOINT: this does not look like the compute API"
        default: next = "try again later; --trace-api shows each request"
        }
        // Refused for the rate alone, the token and the way to the cloud are right.
        return error.code == .rateLimited
            ? .warning("api", error.message, next: next) : .problem("api", error.message, next: next)
    }

    private func rateFinding(_ probe: Probe) -> Finding {
        if probe.isLoopback { return .ok("rate limit", "none on loopback") }
        return .ok("rate limit", "at most 10 requests a second with bursts of 50, slower when the cloud says 429")
    }

    private func skewFinding(_ probe: Probe) -> Finding? {
        guard let server = probe.serverTime, let local = probe.localTime else { return nil }
        // The header tells whole seconds.
        let skew = Duration.milliseconds(local.rawValue - server.rawValue - 500)
        let size = skew < .zero ? .zero - skew : skew
        let side = skew < .zero ? "behind" : "ahead of"
        let text = "this machine's clock is \(TimeText.duration(size)) \(side) the cloud's"
        if size <= Self.noticeableSkew { return .ok("clock", "agrees with the cloud's within seconds") }
        let next = "set it: `timedatectl set-ntp true`"
        return size <= Self.harmfulSkew
            ? .warning("clock", text, next: next)
            : .problem("clock", text + ", so that expiry times are wrong", next: next)
    }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
