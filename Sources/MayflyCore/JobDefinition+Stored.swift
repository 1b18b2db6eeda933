// Hand-written for the store, as in StoredForms.swift.

extension JobCommand: Codable {
    private enum Key: String, CodingKey { case shell, argv }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .shell(let text): try container.encode(text, forKey: .shell)
        case .argv(let words): try container.encode(words, forKey: .argv)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let text = try container.decodeIfPresent(String.self, forKey: .shell) {
            self = .shell(text)
        } else {
            self = .argv(try container.decode([String].self, forKey: .argv))
        }
    }
}

extension SecretReference.Source: Codable {
    private enum Key: String, CodingKey { case environment, file, command }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .environment(let name): try container.encode(name, forKey: .environment)
        case .file(let path): try container.encode(path, forKey: .file)
        case .command(let text): try container.encode(text, forKey: .command)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let name = try container.decodeIfPresent(String.self, forKey: .environment) {
            self = .environment(name)
        } else if let path = try container.decodeIfPresent(String.self, forKey: .file) {
            self = .file(path)
        } else {
            self = .command(try container.decode(String.self, forKey: .command))
        }
    }
}
