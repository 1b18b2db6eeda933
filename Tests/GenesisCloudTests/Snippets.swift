import Foundation
import GenesisCloud
import Logging

// The code of the documentation's articles, so that it compiles; `ArticleTests` holds the articles against it. What
// stands between "snippet: NAME" and "snippet end" is an article's block, without the indentation that all its lines
// share.

enum Snippets {
    static func makeClient(token: String) throws -> GenesisCloudClient {
        // snippet: client
        let client = GenesisCloudClient(token: token)

        // Another endpoint, for example a local cloud's:
        let local = GenesisCloudClient(
            endpoint: try GenesisCloudClient.Endpoint(parsing: "http://127.0.0.1:8080"), token: token)
        // snippet end
        _ = client
        return local
    }

    static func createAndWait(_ client: GenesisCloudClient, publicKey: String) async throws -> Instance {
        // snippet: create-and-wait
        let key = try await client.createSSHKey(name: "laptop", publicKey: publicKey)
        var request = CreateInstanceRequest(
            name: "training", hostname: "training-7f3a", type: "vcpu-4_memory-12g_disk-80g_nvidia3080-1",
            region: "NORD-NO-KRS-1", image: "ubuntu-22.04", sshKeys: [key.id])
        request.diskSizeGiB = 128
        request.metadata = .startupScript("#!/bin/bash\napt-get install -y iperf3\n")
        let created = try await client.createInstance(request)

        let instance = try await client.waitUntilReachable(created.id, timeout: .seconds(1800))
        print("ssh ubuntu@\(instance.publicIP ?? "")")
        // snippet end
        return instance
    }

    static func destroy(_ client: GenesisCloudClient, _ id: Instance.ID) async throws {
        // snippet: destroy-and-wait
        try await client.destroyInstance(id)
        try await client.waitUntilGone(id)
        // snippet end
    }

    static func createOrFind(
        _ client: GenesisCloudClient, _ request: CreateInstanceRequest, anchor: SSHKey.ID
    ) async throws -> Instance? {
        // snippet: create-or-find
        do {
            return try await client.createInstance(request)
        } catch let error as GenesisCloudError where error.requestMayHaveTakenEffect {
            // Perhaps there is one now. The hostname was made for this one request, so it tells.
            for try await instance in client.instances() where instance.hostname == request.hostname {
                return instance
            }
            // Not in a complete listing. Trust that only after the listing has had time to show what is new,
            // and only if the same token still sees what it must see.
            guard try await client.sees(anchor) else { throw error }
            return nil
        }
        // snippet end
    }

    static func pages(_ client: GenesisCloudClient) async throws {
        // snippet: pages
        for try await instance in client.instances() {
            print(instance.id, instance.name, instance.status)
        }

        for try await page in client.volumes().pages {
            print("\(page.count) more volumes")
        }

        let images = try await client.listImages(type: .cloudImage)
        // snippet end
        _ = images
    }

    static func prove(_ client: GenesisCloudClient, _ id: Instance.ID, anchor: SSHKey.ID) async throws {
        // snippet: absence
        switch try await client.with(priority: .destroy).absence(of: id, anchor: anchor) {
        case .gone: print("gone, and proved")
        case .present(let instance), .listed(let instance): print("still \(instance.status)")
        case .anchorNotSeen: print("wrong account or endpoint: this proves nothing")
        }
        // snippet end
    }

    static func waitForMany(_ client: GenesisCloudClient, _ ids: [Instance.ID]) async throws {
        // snippet: wait-for-many
        try await withThrowingTaskGroup(of: Instance.self) { group in
            for id in ids { group.addTask { try await client.waitUntilReachable(id) } }
            for try await instance in group { print("\(instance.name) is ready") }
        }
        // snippet end
    }

    static func configure(token: String) -> GenesisCloudClient {
        // snippet: limits
        var configuration = GenesisCloudClient.Configuration()
        configuration.rateLimit = .requests(perSecond: 5, burst: 10)
        configuration.retry.maximumAttempts = 6
        configuration.operationTimeout = .seconds(60)
        let client = GenesisCloudClient(token: token, configuration: configuration)

        // Its requests come before those of other copies.
        let urgent = client.with(priority: .destroy)
        // snippet end
        return urgent
    }

    static func errors(_ client: GenesisCloudClient, _ request: CreateInstanceRequest) async throws {
        // snippet: errors
        do {
            _ = try await client.createInstance(request)
        } catch let error as GenesisCloudError {
            switch (error.code, error.fault) {
            case (.validation, _): print("wrong field: \(error.field ?? error.message)")
            case (.capacity, _): print("nothing of this type is free")
            case (_, .account): print("look at token, quota and billing: \(error.apiMessage ?? "")")
            default: print(error.mayBeRepeated ? "try again later" : error.message)
            }
        }
        // snippet end
    }

    static func change(_ client: GenesisCloudClient, _ id: Instance.ID) async throws {
        // snippet: change
        let volume = try await client.createVolume(
            CreateVolumeRequest(name: "data", region: "NORD-NO-KRS-1", sizeGiB: 100))
        _ = try await client.waitUntilCreated(volume.id)
        _ = try await client.updateInstance(id, UpdateInstanceRequest(volumes: .attach(volume.id)))

        try await client.perform(.stop, on: id)
        _ = try await client.waitForInstance(id, toBe: .stopped)
        let snapshot = try await client.createSnapshot(instance: id, name: "before the upgrade")
        _ = try await client.waitUntilCreated(snapshot.id)
        // snippet end
    }

    // snippet: observer
    struct Trace: RequestObserver {
        func requestEnded(_ record: RequestRecord) {
            FileHandle.standardError.write(Data("\(record)\n".utf8))
        }
    }
    // snippet end

    static func traced(token: String) -> GenesisCloudClient {
        // snippet: traced
        var configuration = GenesisCloudClient.Configuration()
        configuration.observer = Trace()
        let client = GenesisCloudClient(token: token, configuration: configuration)
        // snippet end
        return client
    }
}
