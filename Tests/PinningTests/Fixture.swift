// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Pinning
import Testing
import YAML

/// A directory of `Fixtures`: a file before pinning, the file after, and the report.
struct Fixture: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    static let folder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast().joined(separator: "/") + "/Fixtures"
    }()

    static func all() throws -> [Fixture] {
        try Directory.list(folder).filter { !$0.contains(".") }.map(Fixture.init)
    }

    static func lock(_ name: String) throws -> Lockfile {
        try Lockfile(parsing: try BoundedFile.read("\(folder)/\(name)", limit: 1 << 20))
    }

    var before: [UInt8] {
        get throws {
            try BoundedFile.read("\(Self.folder)/\(name)/before.yaml", limit: 1 << 20)
        }
    }

    func text(_ file: String) throws -> String {
        let bytes = try BoundedFile.read("\(Self.folder)/\(name)/\(file)", limit: 1 << 20)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Pins the fixture, or other bytes in place of it.
    func pinned(with lock: String, _ bytes: [UInt8]? = nil) throws -> PinnedFile {
        let rules = try PinRules(
            parsing: try BoundedFile.read("\(Self.folder)/pins.yaml", limit: 1 << 20))
        let pinner = Pinner(
            try Self.lock(lock), rules: rules, rewritesReferences: name.hasSuffix("rewritten"),
            updatesTags: !name.hasSuffix("as-stated"))
        // `Chart.yaml` is recognized by its name.
        let file = name.contains("chart") ? "Chart.yaml" : "values.yaml"
        return pinner.pin(try bytes ?? before, path: "\(name)/\(file)")
    }

    /// Returns the report of a file, one line for each image.
    func report(_ file: PinnedFile) -> String {
        var lines = file.sites.map { site in
            var line =
                "\(site.mark.line):\(site.mark.column) \(site.path) (\(site.shape.rawValue)) "
            line += site.status.rawValue
            if let id = site.id { line += " \(id)" }
            if let reason = site.reason { line += ": \(reason)" }
            if let old = site.old { line += "\n    \(old)" }
            if let new = site.new { line += "\n    -> \(new)" }
            for mark in site.usedAt { line += "\n    also at \(mark.line):\(mark.column)" }
            for warning in site.warnings { line += "\n    warning: \(warning)" }
            return line
        }
        if let error = file.error { lines.append("rejected: \(error)") }
        if let skipped = file.skipped {
            lines.append("skipped: \(skipped)" + (file.skippedAt.map { " (\($0))" } ?? ""))
        }
        return lines.map { "\($0)\n" }.joined()
    }
}
