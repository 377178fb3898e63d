// SPDX-License-Identifier: Apache-2.0

import CurlHTTP
import LayerScanning
import RegistryTestSupport

/// Mirrors new images again and again with faults at 5 % of the requests, over the same connections.
///
/// Memory, descriptors, child processes and upload sessions must not grow.
struct Soak {
    private let minutes: Int
    private let first: Int
    private let workers: Int
    private let scanner = LayerScanner(concurrency: 4)
    private let transport = CurlTransport()

    init(_ options: Options) {
        minutes = options.number("--minutes", default: 10)
        first = options.number("--first", default: 1)
        workers = options.number("--workers", default: 2)
    }

    /// Runs for the given time and returns the number of violations.
    func run() async throws -> Int {
        let campaign = Campaign()
        // The caches and pools fill in the first rounds.
        let warmUp = min(60, minutes * 6)
        let samples = SharedList<ProcessResources>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask { [self] in
                    try await work(worker, into: campaign)
                }
            }
            group.addTask { [minutes] in
                try await Task.sleep(for: .seconds(warmUp))
                for _ in 0..<max(1, (minutes * 60 - warmUp) / 10) {
                    samples.append(.now)
                    try await Task.sleep(for: .seconds(10))
                }
            }
            try await group.waitForAll()
        }
        campaign.summarize()
        guard let early = samples.all.first else { return campaign.violationCount }
        return campaign.violationCount + early.reportGrowth(among: samples.all)
    }

    private func work(_ worker: Int, into campaign: Campaign) async throws {
        var mirror = ReferenceMirror(ReferenceImages(generation: 1))
        defer { mirror.stop() }
        var seed = first + worker
        while campaign.seconds < minutes * 60 {
            let images = ReferenceImages(generation: seed)
            mirror = mirror.renewed(with: images)
            let clean = CleanState(
                of: mirror, try await mirror.run(scanner: scanner, transport: transport))
            mirror = mirror.renewed(with: images)
            // Odd seeds never lose writes.
            let faults = SeededFaults(seed: seed * 2 + 1, share: 0.05)
            let item = Campaign.Case(
                name: "\(seed)", replay: "soak --first \(seed) --minutes 1 --workers 1")
            var result = try await FaultRun(scanner: scanner, clean: clean, transport: transport)
                .result(of: mirror) { faults.kind(at: $0, $1) }
            // An upload that fails leaves its session to the registry, which expires it.
            let blobCount = images.published.reduce(0) { $0 + $1.image.blobs.count }
            if mirror.target.openUploads > blobCount {
                result.violations.append(
                    "\(mirror.target.openUploads) uploads of \(blobCount) blobs are open")
            }
            campaign.add(result, of: item)
            seed += workers
        }
    }
}
