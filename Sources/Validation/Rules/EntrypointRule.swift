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
            guard let machine = scanned.machine else {
                return [
                    Finding(
                        .notChecked, .warning, platform: scanned.platform,
                        "programs for \(scanned.platform) cannot be judged")
                ]
            }
            let chain = EntrypointResolver(scanned.config, in: scanned.view)
            let programs = chain.programs.compactMap {
                Self.finding($0, machine, scanned.platform)
            }
            // The loader of a program for another CPU architecture is not reported as well.
            let foreign = Set(
                chain.programs.filter { machine.runs(CPUArchitecture($0.header)) == .never }.map(
                    \.path))
            return programs
                + chain.obstacles.filter { !($0.asker.map(foreign.contains) ?? false) }
                .map { Self.finding($0, scanned.platform) }
        }
    }

    private static func finding(
        _ program: EntrypointResolver.Program, _ machine: CPUArchitecture, _ platform: Platform
    ) -> Finding? {
        let other = CPUArchitecture(program.header)
        let way = program.asker.map { ", for \($0.shown)" } ?? ""
        let text = "the \(platform) image would run \(program.path.shown)\(way)"
        return switch machine.runs(other) {
        case .native: nil
        case .sometimes:
            Finding(
                .contentMismatch, .warning, platform: platform,
                "\(text), a program for \(other), which only some machines take")
        case .never:
            Finding(
                .contentMismatch, .error, platform: platform, "\(text), a program for \(other)")
        }
    }

    private static func finding(
        _ obstacle: EntrypointResolver.Obstacle, _ platform: Platform
    ) -> Finding {
        let start = "the \(platform) image would run"
        switch obstacle {
        case .missing(let name, let asker):
            let way = asker.map { ", which \($0.shown) needs," } ?? ""
            return Finding(
                .entrypointMissing, .error, platform: platform,
                "\(start) \(UntrustedText(name).display(limit: 200))\(way.isEmpty ? "," : way) "
                    + "but has no such program")
        case .notExecutable(let path, _):
            return Finding(
                .entrypointMissing, .error, platform: platform,
                "\(start) \(path.shown), which nobody may execute")
        case .unknownCommand(let name):
            return Finding(
                .notChecked, .warning, platform: platform,
                "\(start) \(UntrustedText(name).display(limit: 200)) in a shell, and it was not found"
            )
        case .noProgram(let path):
            return Finding(
                .notChecked, .warning, platform: platform,
                "\(start) \(path.shown), which is neither a program of ELF nor a script")
        }
    }
}

extension EntrypointResolver.Obstacle {
    /// The program or script that requires the missing file.
    fileprivate var asker: LayerPath? {
        switch self {
        case .missing(_, let asker), .notExecutable(_, let asker): asker
        case .unknownCommand, .noProgram: nil
        }
    }
}
