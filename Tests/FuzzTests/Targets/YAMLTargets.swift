// SPDX-License-Identifier: Apache-2.0

import Hashing
import Lockfiles
import OCI
import Pinning
import YAML

@testable import Mirroring

extension FuzzTarget {
    /// YAML documents: ranges are nested and in order, a plain scalar on one line is its bytes, and
    /// every text survives quoting.
    static let yaml = FuzzTarget("yaml") { input throws(Violation) in
        let stream: YAMLDocumentStream
        do throws(YAMLError) {
            stream = try YAMLDocumentStream(parsing: input)
        } catch {
            try check(error, in: input)
            return 0
        }
        var position = 0
        for document in stream.documents {
            try check(document.root, in: stream.text, within: position..<input.count)
            position = document.root.range.upperBound
        }
        return stream.documents.hashValue
    }

    /// Values files, pinned with a lock file: the result differs only in pins, and is pinned.
    static let pin = FuzzTarget("pin") { input throws(Violation) in
        let pinner = Pinner(lock, updatesTags: true)
        let pinned = pinner.pin(input, path: "values.yaml")
        if let error = pinned.error {
            try require(pinned.newBytes == nil, "a file with an error is changed")
            try check(error, in: input)
        }
        for site in pinned.sites { try requireSafe(site.reason ?? "") }
        guard let new = pinned.newBytes else { return pinned.sites.count }
        let changed = pinned.sites.count { $0.status == .changed }
        try require(changed > 0, "a change without a changed image")
        try PinnedLines(old: input, new: new).check()
        let again = pinner.pin(new, path: "values.yaml")
        try require(again.newBytes == nil, "the result is not pinned")
        try require(again.error == nil, "the result is not read")
        return changed << 8 | pinned.sites.count
    }

    /// `pins.yaml`: rules apply to any file without making it invalid.
    static let pinsYAML = FuzzTarget("pins-yaml") { input throws(Violation) in
        let rules: PinRules
        do throws(PinRulesError) {
            rules = try PinRules(parsing: input)
        } catch {
            try requireSafe(error.description)
            return 0
        }
        let pinner = Pinner(lock, rules: rules, updatesTags: true)
        let pinned = pinner.pin(ruledFile, path: "values.yaml")
        guard let new = pinned.newBytes else { return 1 + pinned.sites.count }
        try PinnedLines(old: ruledFile, new: new).check()
        try require(
            pinner.pin(new, path: "values.yaml").newBytes == nil, "the result is not pinned")
        return pinned.sites.count << 8 | (rules.ignores("a/b.yaml") ? 1 : 0)
    }

    /// Lock files: a file that is written and read again is the same, byte for byte.
    static let lockFile = FuzzTarget("lock") { input throws(Violation) in
        let lock: Lockfile
        do throws(LockfileError) {
            lock = try Lockfile(parsing: input)
        } catch {
            try requireSafe(error.description)
            try require(error.mark.line > 0 && error.mark.column > 0, "position \(error.mark)")
            return 0
        }
        let written = lock.text
        let again = try requireSuccess("reading \(written)") {
            try Lockfile(parsing: Array(written.utf8))
        }
        try require(again == lock, "the written file has other entries")
        try require(again.text == written, "the file is written differently")
        return lock.images.count + 1
    }

    /// `mirror.yaml`: diagnostics are the same in every run, have a position in the file, and
    /// contain no secret.
    static let mirrorYAML = FuzzTarget("mirror-yaml") { input throws(Violation) in
        let loader = ConfigurationLoader(
            file: "mirror.yaml", environment: ["TOKEN": "s3cr3t", "NAME": "app"],
            baseDirectory: "/work")
        let first = Result { () throws(ConfigurationErrors) in try loader.load(text: input) }
        let second = Result { () throws(ConfigurationErrors) in try loader.load(text: input) }
        try require(first == second, "another result for the same file")
        let diagnostics =
            switch first {
            case .success(let loaded): loaded.warnings
            case .failure(let errors): errors.diagnostics
            }
        let isShown = ["prefix", "endpoints"].contains { input.firstRange(of: $0.utf8) != nil }
        let lineCount = input.count { $0 == 0x0A || $0 == 0x0D } + 1
        for diagnostic in diagnostics {
            for line in diagnostic.description.split(separator: "\n") {
                try requireSafe(String(line))
            }
            // Variables of a prefix or an endpoint are not secret.
            try require(
                isShown || !diagnostic.description.contains("s3cr3t"), "a diagnostic shows a secret"
            )
            try require(diagnostic.line > 0 && diagnostic.column > 0, "position")
            try require(
                diagnostic.line <= lineCount || !input.allSatisfy { $0 < 0x80 },
                "line \(diagnostic.line) of \(lineCount)")
        }
        guard case .success = first else {
            try require(!diagnostics.isEmpty, "a failure without a diagnostic")
            return diagnostics.count
        }
        return diagnostics.count + 256
    }

    // MARK: Properties

    private static func check(_ error: YAMLError, in input: [UInt8]) throws(Violation) {
        try requireSafe(error.description)
        try require(error.line > 0 && error.column > 0, "position \(error.mark)")
        try require(error.line <= input.count + 1, "line \(error.line)")
    }

    private static func check(
        _ node: YAMLNode, in text: YAMLText, within range: Range<Int>
    ) throws(Violation) {
        try require(
            range.lowerBound <= node.range.lowerBound && node.range.upperBound <= range.upperBound,
            "\(node.range) is not in \(range): \(node.kind)")
        var position = node.range.lowerBound
        for child in children(of: node) {
            try check(child, in: text, within: position..<node.range.upperBound)
            position = child.range.upperBound
        }
        guard case .scalar(let value, let style) = node.kind else { return }
        let bytes = text.bytes[node.range]
        if style == .plain, !value.contains("\n"),
            text.mark(at: node.range.lowerBound).line
                == text.mark(at: node.range.upperBound).line
        {
            try require(bytes.elementsEqual(value.utf8), "'\(value)' has the range \(node.range)")
        }
        let quoted = try parse(YAMLQuoting.doubleQuoted(value))
        try require(quoted?.text == value, "\(YAMLQuoting.doubleQuoted(value)) is not '\(value)'")
        if YAMLQuoting.isSafePlain(value) {
            let plain = try parse(value)
            try require(plain.flatMap(YAMLScalar.init) == .string(value), "'\(value)' is not plain")
        }
    }

    private static func parse(_ text: String) throws(Violation) -> YAMLNode? {
        try requireSuccess("parsing \(text)") {
            try YAMLDocumentStream(parsing: Array(text.utf8)).documents.first?.root
        }
    }

    private static func children(of node: YAMLNode) -> [YAMLNode] {
        switch node.kind {
        case .scalar, .alias: []
        case .sequence(let items, _): items
        case .mapping(let entries, _): entries.flatMap { [$0.key, $0.value] }
        }
    }

    // MARK: Files

    private static let lock: Lockfile = {
        let images = [
            ("api", "example/api", "1.4.2"), ("busybox", "library/busybox", "1.36"),
            ("web", "team/web", "v2"),
        ]
        do {
            var entries: [String: LockedImage] = [:]
            for (position, (id, path, tag)) in images.enumerated() {
                let digest = "sha256:" + String(repeating: "\(position)a", count: 32)
                entries[id] = LockedImage(
                    source: "docker.io/\(path):\(tag)", upstream: "docker.io/\(path)@\(digest)",
                    repository: try Repository(parsing: "ghcr.io/acme/mirror/\(id)"),
                    tag: try Tag(parsing: tag), digest: try Digest(parsing: digest),
                    mediaType: .ociIndex, size: 1609, validation: .config, platforms: [:])
            }
            return Lockfile(inputs: .of([]), validation: nil, images: entries)
        } catch {
            fatalError("\(error)")
        }
    }()

    private static let ruledFile = Array(
        """
        image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}
        web:
          image: ghcr.io/acme/mirror/web:v2
          tag: "1.36"
        spec:
          containers:
            - name: web
              image: ghcr.io/acme/mirror/busybox:1.36

        """.utf8)
}
