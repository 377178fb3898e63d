// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI
internal import TextSafety

/// Checks that the loader finds the libraries of the programs that are started.
public struct LibraryRule: Rule {
    /// Runs at the level `content`.
    public let level = ValidationLevel.content

    /// The maximum number of libraries that are reported for an image.
    private static let limit = 10

    /// Returns findings for libraries that are missing or for other CPU architectures.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.scannedImages(of: required).flatMap { scanned -> [Finding] in
            guard let architecture = scanned.architecture else { return [] }
            let started = EntrypointResolver(scanned.config, in: scanned.rootFileSystem)
            var libraries = LibraryResolver(scanned.config, in: scanned.rootFileSystem)
            // `EntrypointRule` reports programs for other CPU architectures.
            for program in started.programs
            where architecture.compatibility(with: CPUArchitecture(program.header)) != .never {
                libraries.add(program.path, program.header)
            }
            var findings = libraries.problems.prefix(Self.limit).map {
                Self.finding($0, scanned.platform)
            }
            if let path = libraries.unread {
                findings.append(
                    Finding(
                        .notChecked, .warning, platform: scanned.platform,
                        "\(scanned.platform): libraries of \(path.displayText) not checked: dynamic "
                            + "section unreadable or beyond 8 MiB"))
            }
            return findings
        }
    }

    private static func finding(
        _ problem: LibraryResolver.Problem, _ platform: Platform
    ) -> Finding {
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
        return problem.isCertain
            ? Finding(id, .error, platform: platform, text)
            : Finding(likely: id, platform: platform, text)
    }
}
