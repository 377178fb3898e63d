// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI
internal import TextSafety

/// Checks that the entrypoint of each required platform exists and matches the CPU architecture.
public struct EntrypointRule: Rule {
    /// Runs at the level `content`.
    public let level = ValidationLevel.content

    /// Returns findings for images that would not start.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.scannedImages(of: required).flatMap { scanned -> [Finding] in
            guard let architecture = scanned.architecture else {
                return [
                    Finding(
                        .notChecked, .warning, platform: scanned.platform,
                        "\(scanned.platform): entrypoint not checked: unknown CPU architecture")
                ]
            }
            let resolved = EntrypointResolver(scanned.config, in: scanned.rootFileSystem)
            let programs = resolved.programs.compactMap {
                Self.finding($0, architecture, scanned.platform)
            }
            // The loader of a program for another CPU architecture is not reported as well.
            let foreign = Set(
                resolved.programs.filter {
                    architecture.compatibility(with: CPUArchitecture($0.header)) == .never
                }.map(
                    \.path))
            return programs
                + resolved.obstacles.filter { !($0.dependent.map(foreign.contains) ?? false) }
                .map { Self.finding($0, scanned.platform) }
        }
    }

    private static func finding(
        _ program: EntrypointResolver.Program, _ architecture: CPUArchitecture, _ platform: Platform
    ) -> Finding? {
        let other = CPUArchitecture(program.header)
        let name = Self.name(of: program.path.displayText, requiredBy: program.dependent)
        let text = "\(platform): \(name) is \(other.binaryDescription)"
        return switch architecture.compatibility(with: other) {
        case .native: nil
        case .sometimes:
            Finding(
                .contentMismatch, .warning, platform: platform,
                "\(text), which only some hosts support")
        case .never:
            Finding(.contentMismatch, .error, platform: platform, text)
        }
    }

    private static func finding(
        _ obstacle: EntrypointResolver.Obstacle, _ platform: Platform
    ) -> Finding {
        switch obstacle {
        case .missing(let name, let dependent):
            let shown = UntrustedText(name).display(limit: 200)
            return Finding(
                .entrypointMissing, .error, platform: platform,
                "\(platform): \(Self.name(of: shown, requiredBy: dependent)) not found")
        case .notExecutable(let path, let dependent):
            let name = Self.name(of: path.displayText, requiredBy: dependent)
            return Finding(
                .entrypointMissing, .error, platform: platform,
                "\(platform): \(name) is not executable")
        case .unknownCommand(let name):
            return Finding(
                .notChecked, .warning, platform: platform,
                "\(platform): shell command \(UntrustedText(name).display(limit: 200)) not found")
        case .unknownFormat(let path):
            return Finding(
                .notChecked, .warning, platform: platform,
                "\(platform): \(path.displayText) is neither an ELF binary nor a script")
        }
    }

    private static func name(of path: String, requiredBy dependent: LayerPath?) -> String {
        dependent.map { "\(path) (required by \($0.displayText))" } ?? "entrypoint \(path)"
    }
}

extension EntrypointResolver.Obstacle {
    /// The program or script that requires the missing file.
    fileprivate var dependent: LayerPath? {
        switch self {
        case .missing(_, let dependent), .notExecutable(_, let dependent): dependent
        case .unknownCommand, .unknownFormat: nil
        }
    }
}
