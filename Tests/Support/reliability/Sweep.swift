// SPDX-License-Identifier: Apache-2.0

import LayerScanning
import RegistryTestSupport
import AsyncPrimitives

/// Injects each kind of fault at each request of the reference run, one in each run.
struct Sweep {
    private struct Point: Sendable {
        let identity: RequestIdentity
        let kind: FaultKind

        var name: String { "\(kind) at \(identity)" }
    }

    private let every: Int
    private let only: String?
    private let workers: Int
    private let scanner = LayerScanner(concurrency: 4)

    init(_ options: Options) {
        every = options.number("--every", default: 1)
        only = options.text("--only")
        workers = options.number("--workers", default: 4)
    }

    /// Runs the sweep and returns the number of violations.
    func run() async throws -> Int {
        let images = ReferenceImages(generation: 1)
        let (clean, requests) = try await CleanState.record(images, scanner: scanner)
        var points = requests.flatMap { identity, request in
            FaultKind.all.filter { $0.affects(request) }.map { Point(identity: identity, kind: $0) }
        }
        if let only {
            points = points.filter { $0.name == only }
            guard !points.isEmpty else { failUsage("no fault has the name '\(only)'") }
        }
        points = points.enumerated().filter { $0.offset % every == 0 }.map(\.element)
        let byName = Dictionary(uniqueKeysWithValues: points.map { ($0.name, $0) })
        say(
            "\(requests.count) requests, \(FaultKind.all.count) kinds of faults, \(points.count) runs"
        )

        let resources = ProcessResources.now
        let campaign = Campaign()
        let cases = points.map { Campaign.Case(name: $0.name, replay: "sweep --only '\($0.name)'") }
        try await campaign.run(cases, workers: workers) { [scanner] item in
            guard let point = byName[item.name] else { return FaultRun.Result() }
            let mirror = ReferenceMirror(images, checksReferences: point.kind.consequence == .loses)
            defer { mirror.stop() }
            return try await FaultRun(
                scanner: scanner, clean: clean, mustComplete: point.kind.consequence == .completes
            ).result(of: mirror) { identity, _ in identity == point.identity ? point.kind : nil }
        }
        say("| requests | \(requests.count) |")
        say("| kinds | \(FaultKind.all.count) |")
        campaign.summarize()
        return campaign.violationCount + resources.reportGrowth()
    }
}

extension CleanState {
    /// Runs a mirror without faults, and returns its state and its requests in the order of their identities.
    static func record(
        _ images: ReferenceImages, scanner: LayerScanner
    ) async throws -> (CleanState, [(RequestIdentity, RecordedRequest)]) {
        let mirror = ReferenceMirror(images)
        defer { mirror.stop() }
        let requests = SharedList<(RequestIdentity, RecordedRequest)>()
        for side in ReferenceMirror.Side.allCases {
            let counter = RequestCounter(side)
            mirror.registry(side).inject(
                .choosing { request in
                    requests.append((counter.identify(request), request))
                    return []
                })
        }
        let run = try await mirror.run(scanner: scanner)
        precondition(run.isComplete, "the clean run completes: \(run.texts)")
        return (CleanState(of: mirror, run), requests.all.sorted { $0.0 < $1.0 })
    }
}

/// A list that several threads append to.
final class SharedList<Element: Sendable>: Sendable {
    private let list = Mutex<[Element]>([])

    var all: [Element] { list.withLock { $0 } }
    func append(_ element: Element) { list.withLock { $0.append(element) } }
}
