import GenesisCloud
import JobSpec
import MayflyCore

/// What the regions have free. No route lists the regions: those that the account's images are in are asked, or, where
/// images do not say, those that are known.
enum RegionSurvey {
    static func regions(_ cloud: CloudConnection) async throws -> [String] {
        let images = try await cloud.attempt("look for regions") { try await cloud.client.listImages() }
        let named = Set(images.flatMap(\.regions))
        guard !named.isEmpty else { return KnownMachines.regions }
        // In the order people know them, others behind.
        return KnownMachines.regions.filter(named.contains) + named.subtracting(KnownMachines.regions).sorted()
    }

    /// One answer per region. A region that this cloud does not know is left out, unless it was asked for by name.
    /// - Throws: ``CloudFailure``.
    static func availability(
        in named: [String], placement: String?, _ cloud: CloudConnection
    ) async throws -> [Availability] {
        let regions = named.isEmpty ? try await regions(cloud) : named
        var refusals: [GenesisCloudError] = []
        let answers = try await withThrowingTaskGroup(of: (Int, Result<Availability, GenesisCloudError>).self) {
            group in
            for (index, region) in regions.enumerated() {
                group.addTask {
                    do {
                        var answer = try await cloud.client.availability(in: region, placement: placement)
                        answer.region = answer.region ?? region
                        return (index, .success(answer))
                    } catch let error as GenesisCloudError {
                        return (index, .failure(error))
                    }
                }
            }
            var found: [(Int, Result<Availability, GenesisCloudError>)] = []
            for try await answer in group { found.append(answer) }
            return found.sorted { $0.0 < $1.0 }
        }
        var found: [Availability] = []
        for (index, answer) in answers {
            switch answer {
            case .success(let availability): found.append(availability)
            case .failure(let error) where named.isEmpty && [.notFound, .validation].contains(error.code):
                refusals.append(error)
            case .failure(let error):
                throw CloudFailure(doing: "ask what \(regions[index]) has free", error: error)
            }
        }
        if found.isEmpty, let refusal = refusals.first {
            throw CloudFailure(
                doing: "ask what is free", error: refusal,
                next: "name a region with `mayfly availability REGION`; none of \(regions.joined(separator: ", ")) "
                    + "answers here")
        }
        return found
    }
}

/// A type's identifier, taken apart. Grammar of all known ones:
/// `vcpu-<n>_memory-<n>g[_disk-<n>g][_<accelerator>-<count>]`.
struct InstanceTypeFacts: Sendable, Hashable, Encodable {
    var type: String
    var vcpus: Int?
    var memoryGiB: Int?
    /// The boot disk that the identifier names; where it names none, 80 GiB is the API's default.
    var diskGiB: Int?
    var accelerator: String?
    var accelerators = 0

    enum CodingKeys: String, CodingKey {
        case type, vcpus, accelerator, accelerators
        case memoryGiB = "memory_gib"
        case diskGiB = "disk_gib"
    }

    /// What cannot be read stays unknown: new kinds appear.
    init(_ type: String) {
        self.type = type
        for part in type.split(separator: "_") {
            guard let dash = part.lastIndex(of: "-") else { continue }
            let name = part[..<dash]
            let value = part[part.index(after: dash)...]
            let number = Int(value.last == "g" ? value.dropLast() : value)
            switch name {
            case "vcpu": vcpus = number
            case "memory": memoryGiB = number
            case "disk": diskGiB = number
            default:
                accelerator = String(name)
                accelerators = number ?? 0
            }
        }
    }
}
