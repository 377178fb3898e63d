// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegistryTestSupport
import AsyncPrimitives

/// Kills the program at every request and every change of a file, and lets system calls fail.
struct CrashMatrix {
    /// The moment at which the program is killed, or the call that fails.
    enum Point: Sendable, CustomStringConvertible {
        /// Killed before a request takes effect, or after it and before the response.
        case request(RequestIdentity, takesEffect: Bool)
        /// Killed before or after a change of a file, or an error of a call; counted from 1.
        case call(Int, action: String)
        /// Killed after a number of microseconds.
        case time(Int)
        /// One of two concurrent runs is killed after a number of microseconds.
        case pair(Int)

        var description: String {
            switch self {
            case .request(let identity, let takesEffect):
                "\(takesEffect ? "after" : "before") \(identity)"
            case .call(let number, let action): "call \(number) \(action)"
            case .time(let time): "time \(time)"
            case .pair(let time): "pair \(time)"
            }
        }

        /// Parses the description of a point that does not belong to a request.
        init?(_ description: String) {
            let words = description.split(separator: " ")
            guard words.count > 1, let number = Int(words[1]) else { return nil }
            switch words[0] {
            case "call" where words.count == 3: self = .call(number, action: String(words[2]))
            case "time": self = .time(number)
            case "pair": self = .pair(number)
            default: return nil
            }
        }

        /// A Boolean value that indicates whether the program is killed.
        var isKill: Bool {
            if case .call(_, let action) = self {
                action == "before" || action == "after"
            } else {
                true
            }
        }
    }

    /// The errors of system calls.
    static let errors = ["EIO", "ENOSPC", "EDQUOT", "EMFILE", "EINTR"]
    /// The status of a process that SIGKILL ended.
    private static let killed: Int32 = 137
    /// The exit codes of Documentation/exit-codes.md.
    private static let exitCodes: Set<Int32> = [0, 1, 2, 64, 75, 77, 78, 130, 143]

    private let tools: CrashScene.Tools
    private let every: Int
    private let only: String?
    private let times: Int
    private let pairs: Int
    private let workers: Int

    init(_ options: Options) {
        tools = CrashScene.Tools(
            program: options.required("--program"), library: options.required("--library"))
        every = options.number("--every", default: 1)
        only = options.text("--only")
        times = options.number("--times", default: 1000)
        pairs = options.number("--pairs", default: 100)
        workers = options.number("--workers", default: 2)
    }

    /// Runs all points and returns the number of violations.
    func run() async throws -> Int {
        let (older, newer) = (ReferenceImages(generation: 1), ReferenceImages(generation: 2))
        var scenes: [CrashScene] = []
        for _ in 0..<workers {
            scenes.append(try await CrashScene(tools, older: older, newer: newer))
        }
        let (points, duration) = try await points(in: scenes[0])
        say("\(points.count) points; a clean run takes \(duration) microseconds")
        let campaign = Campaign()
        let queue = CaseQueue(points)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for scene in scenes {
                group.addTask { [self, queue] in
                    let clean = try await cleanState(scene)
                    while let point = queue.next() {
                        let item = Campaign.Case(
                            name: "\(point)", replay: "crash --only '\(point)'")
                        try await campaign.watching(item) {
                            try await result(of: point, in: scene.renewed(), clean: clean)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        say("| kill points | \(grouped(points.count(where: \.isKill))) |")
        say("| failing calls | \(grouped(points.count { !$0.isKill })) |")
        campaign.summarize()
        for scene in scenes { scene.mirror.stop() }
        return campaign.violationCount
    }

    // MARK: Points

    /// Runs the program without faults, and returns all points and the duration in microseconds.
    private func points(in scene: CrashScene) async throws -> ([Point], Int) {
        let scene = scene.renewed()
        let requests = SharedList<RequestIdentity>()
        for side in ReferenceMirror.Side.allCases {
            let counter = RequestCounter(side)
            scene.mirror.registry(side).inject(
                .choosing { request in
                    requests.append(counter.identify(request))
                    return []
                })
        }
        let folder = try scene.folder()
        let start = ContinuousClock.now
        _ = try await CrashScene.finish(try scene.start(in: folder), in: folder)
        let duration = Int((ContinuousClock.now - start) / .microseconds(1))

        var points = requests.all.sorted().flatMap { identity in
            [false, true].map { Point.request(identity, takesEffect: $0) }
        }
        for action in ["before", "after"] + Self.errors {
            let count = try await callCount(scene.renewed(), action)
            guard count > 0 else { failUsage("the library counts no calls for '\(action)'") }
            points += (0..<count).map { .call($0 + 1, action: action) }
        }
        var numbers = SeededGenerator(seed: 1)
        points += (0..<times).map { _ in .time(Int.random(in: 0..<duration, using: &numbers)) }
        points += (0..<pairs).map { _ in .pair(Int.random(in: 0..<duration, using: &numbers)) }
        if let only {
            points = Point(only).map { [$0] } ?? points.filter { "\($0)" == only }
            guard !points.isEmpty else { failUsage("no point has the name '\(only)'") }
        }
        return (points.enumerated().filter { $0.offset % every == 0 }.map(\.element), duration)
    }

    private func callCount(_ scene: CrashScene, _ action: String) async throws -> Int {
        let (folder, counted) = (try scene.folder(), try TemporaryFolder())
        let process = try scene.start(
            in: folder,
            [
                "FAULTY_FOLDER": folder.path, "FAULTY_ACTION": action,
                "FAULTY_COUNT": counted("calls"),
            ])
        _ = try await CrashScene.finish(process, in: folder)
        return counted.callCount
    }

    private func cleanState(_ scene: CrashScene) async throws -> CleanState {
        let scene = scene.renewed()
        let folder = try scene.folder()
        let run = try await CrashScene.finish(try scene.start(in: folder), in: folder)
        guard run.status == 0 else { throw CrashSceneError(description: "\(run.texts)") }
        return CleanState(of: scene.mirror, String(decoding: run.lock, as: UTF8.self))
    }

    // MARK: Runs

    private func result(of point: Point, in scene: CrashScene, clean: CleanState) async throws
        -> FaultRun.Result
    {
        let folder = try scene.folder()
        var result = FaultRun.Result()
        let run: CrashScene.Run
        switch point {
        case .request(let wanted, let takesEffect):
            run = try await kill(scene, in: folder, at: wanted, takesEffect)
        case .call(let number, let action):
            let counted = try TemporaryFolder()
            run = try await CrashScene.finish(
                try scene.start(
                    in: folder,
                    [
                        "FAULTY_FOLDER": folder.path, "FAULTY_ACTION": action,
                        "FAULTY_CALL": "\(number)", "FAULTY_COUNT": counted("calls"),
                    ]),
                in: folder)
            if counted.callCount >= number { result.faults.append("\(point)") }
        case .time(let time):
            run = try await kill(try scene.start(in: folder), after: time, in: folder)
        case .pair(let time):
            let other = try scene.folder()
            let survivor = try scene.start(in: other)
            run = try await kill(try scene.start(in: folder), after: time, in: folder)
            let completed = try await CrashScene.finish(survivor, in: other)
            if completed.status != 0 {
                result.violations.append(
                    "the concurrent run ended with \(completed.status): \(completed.texts)")
            }
            result.violations += await check(completed, in: other, of: scene)
        }
        result.isComplete = run.status == 0
        result.wasKilled = run.status == Self.killed
        if result.wasKilled, result.faults.isEmpty { result.faults.append("\(point)") }
        if result.wasKilled ? !point.isKill : !Self.exitCodes.contains(run.status) {
            result.violations.append("the program ended with \(run.status): \(run.texts)")
        }
        result.violations += await check(run, in: folder, of: scene)
        result.violations += try await rerun(
            in: folder, of: scene, refreshing: !point.isKill, clean: clean)
        return result
    }

    /// Starts the program and kills it at a request.
    private func kill(
        _ scene: CrashScene, in folder: TemporaryFolder, at wanted: RequestIdentity,
        _ takesEffect: Bool
    ) async throws -> CrashScene.Run {
        let killed = KilledProcess()
        let counter = RequestCounter(wanted.side)
        scene.mirror.registry(wanted.side).inject(
            .choosing { request in
                guard counter.identify(request) == wanted else { return [] }
                guard takesEffect else {
                    killed.kill()
                    return [.drop]
                }
                return [.amend { _ in killed.kill() }, .dropAnswer]
            })
        let started = try killed.start { try scene.start(in: folder) }
        return try await CrashScene.finish(started, in: folder)
    }

    private func kill(
        _ process: SpawnedProcess, after microseconds: Int, in folder: TemporaryFolder
    ) async throws -> CrashScene.Run {
        try await onOwnThread {
            usleep(UInt32(microseconds))
            process.kill()
        }
        return try await CrashScene.finish(process, in: folder)
    }

    /// Returns the violations of the state that a run left.
    private func check(
        _ run: CrashScene.Run, in folder: TemporaryFolder, of scene: CrashScene
    ) async -> [String] {
        var violations = await Invariants.layoutsAreWhole(scene.mirror.images.published, in: folder)
        violations +=
            Invariants.targetIsWhole(scene.mirror.target) + Invariants.outputIsSafe(run.texts)
            + Invariants.secretsStay(in: scene.mirror, run.texts)
        let (lock, problems) = Invariants.lockIsWhole(run.lock)
        violations += problems
        violations += Invariants.lockIsTrue(
            lock, at: scene.mirror.target, isCurrent: run.lock != scene.lock)
        return violations
    }

    /// Runs the program without faults, and returns the violations of its result.
    ///
    /// A run that was not killed has warned if it could not copy referrers, and the next run only
    /// looks for them with `--refresh-referrers`.
    private func rerun(
        in folder: TemporaryFolder, of scene: CrashScene, refreshing refreshes: Bool,
        clean: CleanState
    ) async throws -> [String] {
        for side in ReferenceMirror.Side.allCases { scene.mirror.registry(side).heal() }
        let mirror = scene.mirror
        let missing = mirror.missingBlobBytes
        mirror.target.forgetRequests()
        let process = try scene.start(
            in: folder, options: refreshes ? ["--refresh-referrers"] : [])
        let second = try await CrashScene.finish(process, in: folder)
        guard second.status == 0 else {
            return ["the next run ended with \(second.status): \(second.texts)"]
        }
        var violations = await check(second, in: folder, of: scene)
        violations += CleanState(of: mirror, String(decoding: second.lock, as: UTF8.self))
            .differences(from: clean)
            .map { "after the next run, \($0)" }
        let sent = mirror.target.uploadedBytes
        if sent > missing + missing / 10 {
            violations.append(
                "the next run sent \(sent) bytes of blobs, but \(missing) were missing")
        }
        return violations
    }
}

/// The points that no worker has taken yet.
private final class CaseQueue: Sendable {
    private let points: [CrashMatrix.Point]
    private let taken = Mutex(0)

    init(_ points: [CrashMatrix.Point]) { self.points = points }

    func next() -> CrashMatrix.Point? {
        taken.withLock { taken in
            guard taken < points.count else { return nil }
            taken += 1
            return points[taken - 1]
        }
    }
}

/// A process that a registry kills while the harness starts it.
private final class KilledProcess: Sendable {
    private let process = Mutex<SpawnedProcess?>(nil)

    /// Starts the process; a kill waits until it has started.
    func start(_ start: () throws -> SpawnedProcess) throws -> SpawnedProcess {
        try process.withLock { process in
            let started = try start()
            process = started
            return started
        }
    }

    /// Kills the process, which sent the request and so is still running.
    ///
    /// Another thread waits for its end.
    func kill() {
        guard let pid = process.withLock({ $0?.pid }) else { return }
        _ = Glibc.kill(pid, SIGKILL)
    }
}

extension LoopbackRegistry {
    /// The bytes of blobs that were received.
    var uploadedBytes: Int {
        requests.filter { $0.path.contains("/blobs/uploads/") }.map(\.receivedBytes).reduce(0, +)
    }
}

extension TemporaryFolder {
    /// The number of calls that the library has counted in the file `calls`.
    fileprivate var callCount: Int { read("calls").count { $0 == UInt8(ascii: "\n") } }
}
