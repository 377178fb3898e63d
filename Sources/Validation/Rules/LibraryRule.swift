// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import TextSafety

/// Checks that the loader finds the libraries of the programs that are started.
struct LibraryRule: PlatformRule {
    /// The maximum number of libraries that are reported for an image.
    private static let limit = 10

    /// Returns findings for libraries that are missing or for other CPU architectures.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding] {
        guard let architecture = scanned.architecture else { return [] }
        // `EntrypointRule` reports programs for other CPU architectures.
        let programs = scanned.startedPrograms.programs.filter {
            architecture.compatibility(with: CPUArchitecture($0.header)) != .never
                && !$0.isHandled
        }
        var required = LibraryResolver(scanned.config, in: scanned.rootFileSystem)
        for program in programs where program.isRequired { required.add(program) }
        let requiredPaths = Set(programs.filter(\.isRequired).map(\.path))
        var others = LibraryResolver(scanned.config, in: scanned.rootFileSystem)
        for program in programs where !requiredPaths.contains(program.path) {
            others.add(program)
        }
        let certain = required.problems.filter(\.isCertain)
        let likely = required.problems.filter { !$0.isCertain } + others.problems
        var findings =
            (certain.map { Self.finding($0, .certain, scanned) }
            + likely.map { Self.finding($0, .likely, scanned) }).prefix(Self.limit).map(\.self)
        if let path = required.unread ?? others.unread {
            findings.append(
                Finding(
                    .notChecked, .warning, platform: scanned.platform,
                    "\(scanned.platform): libraries of \(path.displayText) not checked: dynamic "
                        + "section unreadable or beyond 8 MiB"))
        }
        return findings
    }

    private static func finding(
        _ problem: LibraryResolver.Problem, _ certainty: Finding.Certainty,
        _ scanned: PlatformRootFS
    ) -> Finding {
        let platform = scanned.platform
        let name = UntrustedText(String(decoding: problem.name, as: UTF8.self)).display(limit: 200)
        let subject =
            "\(platform): library \(name) (required by \(problem.dependent.displayText))"
        let (id, text): (Finding.ID, String) =
            switch problem.reason {
            case .missing: (.entrypointMissing, "\(subject) not found")
            case .foreign(let path, let architecture):
                (
                    .contentMismatch,
                    "\(subject) not found for this CPU architecture; \(path.displayText) is "
                        + architecture.binaryDescription
                )
            case .notInCache(let path):
                (
                    .entrypointMissing,
                    "\(subject) is \(path.displayText), which /etc/ld.so.cache does not list"
                )
            }
        let layer = scanned.layer(of: problem.dependent)
        return certainty == .certain
            ? Finding(id, .error, platform: platform, layer: layer, text)
            : Finding(likely: id, platform: platform, layer: layer, text)
    }
}
