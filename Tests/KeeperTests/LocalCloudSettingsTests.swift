import Foundation
import LocalCloud
import Testing

@testable import Keeper

@Suite struct LocalCloudSettingsTests {
    private static let home = MayflyHome(root: "/home/of/nobody")

    private func message(_ change: (inout LocalCloudSettings) -> Void) -> String {
        var settings = LocalCloudSettings()
        change(&settings)
        do {
            _ = try settings.configuration(Self.home)
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test func onlyLoopbackUnlessSaidTwice() throws {
        for address in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:8080", "localhost:0"] {
            #expect(message { $0.listen = address } == "accepted", "\(address)")
        }
        for address in ["0.0.0.0:0", "192.168.1.1:80", "[::]:80", "[::ffff:127.0.0.1]:80"] {
            #expect(message { $0.listen = address }.contains("--allow-remote"), "\(address)")
            let both = message {
                $0.listen = address
                $0.allowsRemote = true
            }
            #expect(both == "accepted", "\(address)")
        }
        for address in ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "example.org:80", "127.evil.org:80", ":80"] {
            #expect(message { $0.listen = address }.contains("--listen \(address)"), "\(address)")
        }
    }

    @Test func theTokenFileMustBePrivate() throws {
        let folder = NSTemporaryDirectory() + "mayfly-settings-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/token"
        let made = FileManager.default.createFile(
            atPath: file, contents: Data("  secret-of-16-bytes\n".utf8), attributes: [.posixPermissions: 0o644])
        #expect(made)
        #expect(message { $0.tokenFile = file }.contains("chmod 600"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        var settings = LocalCloudSettings()
        settings.token = "from the environment"
        settings.tokenFile = file
        #expect(try settings.configuration(Self.home).token == "secret-of-16-bytes")
        #expect(message { $0.tokenFile = folder + "/none" }.contains("cannot read"))
        #expect(message { $0.faults = folder + "/none" }.contains("cannot read the fault script"))
        #expect(message { $0.backend = "real" }.contains("\"real\" is no backend"))
    }
}
