// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI
internal import TextSafety

/// Checks that each required platform has the paths and commands that the configuration requires.
public struct RequiredPathsRule: Rule {
    /// Runs at the level `content`.
    public let level = ValidationLevel.content

    /// Returns findings for paths that are missing or are programs for another CPU architecture.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.scannedImages(of: required).flatMap { scanned in
            required.paths.compactMap { Self.finding($0, in: scanned) }
        }
    }

    private static func finding(_ name: String, in scanned: PlatformRootFS) -> Finding? {
        let lookup = ProgramLookup(scanned.rootFileSystem, scanned.config)
        let kind = name.hasPrefix("/") ? "path" : "command"
        let shown = "required \(kind) \(UntrustedText(name).display(limit: 200))"
        if name.hasPrefix("/"),
            case .found(let entry, _) = scanned.rootFileSystem.resolve(Array(name.utf8))
        {
            guard case .file(let file) = entry, case .elf(let header) = file.head else {
                return nil
            }
            return mismatch(header, shown, scanned)
        }
        switch lookup.program(name) {
        case .program(.elf(let header), _): return mismatch(header, shown, scanned)
        case .program, .runtimeMount, .undetermined: return nil
        case .missing, .notExecutable:
            return Finding(
                .pathMissing, .error, platform: scanned.platform,
                "\(scanned.platform): \(shown) not found")
        }
    }

    private static func mismatch(
        _ header: ELFHeader, _ shown: String, _ scanned: PlatformRootFS
    ) -> Finding? {
        guard let architecture = scanned.architecture,
            architecture.compatibility(with: CPUArchitecture(header)) == .never
        else { return nil }
        return Finding(
            .contentMismatch, .error, platform: scanned.platform,
            "\(scanned.platform): \(shown) is \(CPUArchitecture(header).binaryDescription)")
    }
}
