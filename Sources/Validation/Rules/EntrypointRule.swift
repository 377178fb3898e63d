// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import TextSafety

/// Checks that everything that a container starts on each required platform exists and matches the
/// CPU architecture.
struct EntrypointRule: PlatformRule {
    /// The maximum number of likely findings about a platform.
    private static let maximumLikelyCount = 10

    /// Returns findings for images that would not start, or probably not.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding] {
        guard scanned.architecture != nil else {
            return [
                Finding(
                    .notChecked, .warning, platform: scanned.platform,
                    "\(scanned.platform): entrypoint not checked: unknown CPU architecture")
            ]
        }
        let findings = Self.findings(about: scanned)
        let notes =
            [Self.variantNote(scanned.platform)]
            + (findings.isEmpty ? [Self.unfollowedNote(about: scanned)] : [])
        return findings + notes.compactMap(\.self)
    }

    private static func findings(about scanned: PlatformRootFS) -> [Finding] {
        let started = scanned.startedPrograms
        let certainties = started.certainties(of: started.failing)
        var findings: [Finding] = []
        var seen: Set<StartedPrograms.Subject> = []
        // Of several places that name a program, one that is certain comes first.
        let positions = started.starts.indices
        for position in positions.filter({ certainties[$0] == .certain })
            + positions.filter({ certainties[$0] != .certain })
        {
            let start = started.starts[position]
            let certainty = certainties[position]
            guard certainty == .certain || started.reports(position, in: scanned),
                seen.insert(start.subject).inserted
            else { continue }
            findings.append(start.finding(certainty, in: scanned))
        }
        let certain = findings.filter { $0.certainty != .likely }
        return certain + findings.filter { $0.certainty == .likely }.prefix(maximumLikelyCount)
    }

    /// Returns a note about the place up to which a script is followed.
    private static func unfollowedNote(about scanned: PlatformRootFS) -> Finding? {
        guard scanned.rootFileSystem.isComplete, !scanned.rootFileSystem.budget.isExhausted,
            let origin = scanned.startedPrograms.unfollowed
        else { return nil }
        let (place, layer): (String, Finding.Layer?) =
            switch origin {
            case .line(let script, let line):
                ("line \(line) of \(script.displayText)", scanned.layer(of: script))
            case .program(let path):
                ("the arguments of \(path.displayText)", scanned.layer(of: path))
            case .shellText: ("the text of the shell command", nil)
            case .config: ("the entrypoint", nil)
            }
        return Finding(
            .notChecked, .note, platform: scanned.platform, layer: layer,
            "\(scanned.platform): started programs not checked from \(place)")
    }

    /// Returns a note for variants of `arm` below `v7`, which ELF headers do not state.
    private static func variantNote(_ platform: Platform) -> Finding? {
        guard platform.architecture == "arm", let variant = platform.variant, variant < "v7" else {
            return nil
        }
        return Finding(
            .notChecked, .note, platform: platform,
            "\(platform): binaries checked for arm, but not for the variant \(variant)")
    }
}

extension StartedPrograms {
    /// Returns whether a start that is not certain to fail is reported.
    fileprivate func reports(_ position: Int, in scanned: PlatformRootFS) -> Bool {
        guard !handled.contains(position) else { return false }
        return switch starts[position].subject {
        case .program(_, let header):
            switch scanned.architecture?.compatibility(with: CPUArchitecture(header)) {
            case .never: !expectsForeignPrograms
            case .sometimes: isAlwaysRequired(position)
            case .native, nil: false
            }
        // A script may handle a missing program, unless every execution needs it.
        case .missing, .notExecutable, .notScript, .carriageReturn, .interpreterLoop:
            isAlwaysReached(position)
        case .unknownFormat: isAlwaysRequired(position)
        }
    }
}

extension StartedPrograms.Start {
    /// Returns the finding about a start.
    fileprivate func finding(
        _ certainty: Finding.Certainty?, in scanned: PlatformRootFS
    ) -> Finding {
        let (id, text) = description(in: scanned)
        let message = "\(scanned.platform): \(text)"
        let layer = layer(in: scanned)
        guard let certainty else {
            return id == .notChecked
                ? Finding(id, .warning, platform: scanned.platform, layer: layer, message)
                : Finding(likely: id, platform: scanned.platform, layer: layer, message)
        }
        return certainty == .certain
            ? Finding(id, .error, platform: scanned.platform, layer: layer, message)
            : Finding(likely: id, platform: scanned.platform, layer: layer, message)
    }

    private func description(in scanned: PlatformRootFS) -> (Finding.ID, String) {
        switch subject {
        case .program(let path, let header):
            let other = CPUArchitecture(header)
            let isSupported = scanned.architecture?.compatibility(with: other) == .sometimes
            return (
                .contentMismatch,
                "\(name(path.displayText)) is \(other.binaryDescription)"
                    + (isSupported ? ", which only some hosts support" : "")
            )
        case .missing(let text) where text.hasSuffix("\r"):
            let shown = UntrustedText(String(text.dropLast())).display(limit: 200)
            return (
                .entrypointMissing,
                "\(name(shown)) not found: the line ends in a carriage return (Windows line endings)"
            )
        case .missing(let text):
            let shown = UntrustedText(text).display(limit: 200)
            let link = scanned.replacedLink(above: text).map { "; \($0)" } ?? ""
            return (.entrypointMissing, "\(name(shown)) not found\(link)")
        case .notExecutable(let path):
            return (.entrypointMissing, "\(name(path.displayText)) is not executable")
        case .notScript(let path):
            return (.entrypointMissing, "\(name(path.displayText)) is a binary, not a script")
        case .unknownFormat(let path):
            return (.notChecked, "\(path.displayText) is neither an ELF binary nor a script")
        case .interpreterLoop(let path):
            return (
                .entrypointMissing,
                "the interpreters of \(path.displayText) are scripts that interpret each other"
            )
        case .carriageReturn(let path):
            return (
                .entrypointMissing,
                "the first line of \(path.displayText) ends in a carriage return (Windows line "
                    + "endings), so its interpreter is not found"
            )
        }
    }

    private func name(_ path: String) -> String {
        switch origin {
        case .config: "entrypoint \(path)"
        case .program(let program): "\(path) (required by \(program.displayText))"
        case .line(let script, let line): "\(path) (line \(line) of \(script.displayText))"
        case .shellText: "shell command \(path)"
        }
    }

    /// Returns the layer that added the file, or the script that names it.
    private func layer(in scanned: PlatformRootFS) -> Finding.Layer? {
        switch (subject, origin) {
        case (.program(let path, _), _), (.notExecutable(let path), _),
            (.unknownFormat(let path), _), (.carriageReturn(let path), _),
            (.interpreterLoop(let path), _), (.notScript(let path), _):
            scanned.layer(of: path)
        case (.missing, .program(let path)), (.missing, .line(let path, _)):
            scanned.layer(of: path)
        case (.missing, .config), (.missing, .shellText): nil
        }
    }
}
