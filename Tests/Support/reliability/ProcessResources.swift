// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc

/// The resources that this process uses.
struct ProcessResources: Sendable {
    /// The resident memory in KiB.
    let memory: Int
    /// The number of open descriptors.
    let descriptors: Int
    /// The number of threads.
    let threads: Int
    /// The number of child processes.
    let children: Int

    /// The resources that are used now.
    static var now: ProcessResources {
        // The layer scanner's children are children of its server, which is a child of this process.
        let processes = list("/proc").compactMap { Int($0) }
        let parents = Dictionary(
            uniqueKeysWithValues: processes.compactMap { pid -> (Int, Int)? in
                field("PPid:", of: pid).map { (pid, $0) }
            })
        let own = Int(getpid())
        let children = parents.filter { $0.value == own || parents[$0.value] == own }.count
        return ProcessResources(
            memory: field("VmRSS:", of: own) ?? 0, descriptors: list("/proc/self/fd").count,
            threads: field("Threads:", of: own) ?? 0, children: children)
    }

    /// Prints what was used at the beginning and is used at the end.
    ///
    /// - Parameter samples: All samples since; without any, the resources that are used now.
    /// - Returns: The number of resources that grew too much.
    func reportGrowth(among samples: [ProcessResources] = []) -> Int {
        let last = samples.suffix(6)
        let end = last.isEmpty ? [.now] : Array(last)
        /// The least of the last samples: what is never released.
        func least(_ value: (ProcessResources) -> Int) -> Int { end.map(value).min() ?? 0 }
        var violations = 0
        func row(_ label: String, from start: Int, to end: Int, limit: Int) {
            say("| \(label) | \(grouped(start)) → \(grouped(end)) |")
            guard end > limit else { return }
            say("VIOLATION \(label) grew from \(start) to \(end)")
            violations += 1
        }
        row(
            "memory in KiB", from: memory, to: least(\.memory),
            limit: memory + memory / 5 + (64 << 10))
        row("descriptors", from: descriptors, to: least(\.descriptors), limit: descriptors + 32)
        row("threads", from: threads, to: least(\.threads), limit: threads + 16)
        row("child processes", from: children, to: least(\.children), limit: children + 1)
        return violations
    }

    private static func field(_ name: String, of pid: Int) -> Int? {
        guard let bytes = try? BoundedFile.read("/proc/\(pid)/status", limit: 1 << 16) else {
            return nil
        }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    private static func list(_ path: String) -> [String] {
        (try? Directory.list(path)) ?? []
    }
}
