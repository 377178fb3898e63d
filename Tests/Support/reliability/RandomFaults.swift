// SPDX-License-Identifier: Apache-2.0

import LayerScanning
import RegistryTestSupport

/// Runs the reference mirror with several random faults, which follow from a seed.
struct RandomFaults {
    private let seeds: Range<Int>
    private let workers: Int
    private let scanner = LayerScanner(concurrency: 4)

    init(_ options: Options) {
        let first = options.number("--first", default: 1)
        seeds = first..<first + options.number("--count", default: 1000)
        workers = options.number("--workers", default: 4)
    }

    /// Runs all seeds and returns the number of violations.
    func run() async throws -> Int {
        var parts: [(images: ReferenceImages, clean: CleanState)] = []
        for part in [ReferenceImages.Part.shared, .tags] {
            let images = ReferenceImages(generation: 1, part)
            parts.append((images, try await CleanState.record(images, scanner: scanner).0))
        }
        let resources = ProcessResources.now
        let campaign = Campaign()
        let cases = seeds.map {
            Campaign.Case(name: "\($0)", replay: "random --first \($0) --count 1")
        }
        try await campaign.run(cases, workers: workers) { [scanner, parts] item in
            let seed = Int(item.name) ?? 0
            let faults = SeededFaults(seed: seed)
            let (images, clean) = parts[seed / 2 % parts.count]
            let mirror = ReferenceMirror(images, checksReferences: faults.mayLoseWrites)
            defer { mirror.stop() }
            return try await FaultRun(scanner: scanner, clean: clean).result(of: mirror) {
                faults.kind(at: $0, $1)
            }
        }
        say("| seeds | \(seeds.lowerBound) to \(seeds.upperBound - 1) |")
        campaign.summarize()
        return campaign.violationCount + resources.reportGrowth()
    }
}

/// The faults of a run as a function of its seed and the identity of a request, whatever the order of requests.
struct SeededFaults: Sendable {
    let seed: Int
    /// The share of requests with a fault.
    let share: Double

    init(seed: Int, share: Double? = nil) {
        self.seed = seed
        self.share = share ?? [0.01, 0.03, 0.08][seed % 3]
    }

    /// A Boolean value that indicates whether the target may lose what it confirmed, and rejects incomplete manifests.
    var mayLoseWrites: Bool { seed % 2 == 0 }

    /// Returns the fault of a request; `nil` for most requests.
    func kind(at identity: RequestIdentity, _ request: RecordedRequest) -> FaultKind? {
        var numbers = SeededGenerator(seed: UInt64(seed), identity.description)
        guard Double.random(in: 0..<1, using: &numbers) < share else { return nil }
        return FaultKind.all.filter {
            $0.affects(request) && !$0.isSlow && (mayLoseWrites || $0.consequence != .loses)
        }.randomElement(using: &numbers)
    }
}
