// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI
internal import TextSafety

/// Asks whether the programs that nearly every image has are made for the platform's machine, and
/// how many others there are.
///
/// An image with the right program on the wrong base starts, and fails at the first shell.
public struct UserlandRule: Rule {
    /// Asked once layers are read.
    public let level = ValidationLevel.content

    /// Finds images whose shell or C library is for another machine, and images without any witness.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.scannedImages(of: required).flatMap { scanned -> [Finding] in
            // A layer that is not known may hold the right one of two libraries.
            guard let machine = scanned.machine, scanned.view.isComplete else { return [] }
            let programs = Programs(scanned.view)
            guard !scanned.view.budget.isUsedUp else { return [] }
            let chain = EntrypointResolver(scanned.config, in: scanned.view)
            let witnesses = Self.witnesses(in: scanned.view, programs, machine)
            // What the start itself needs is another rule's.
            let started = Set(chain.programs.map(\.path.shown))
            var findings = witnesses.filter {
                machine.runs($0.machine) == .never && !started.contains($0.path)
            }.map {
                Finding(
                    .contentMismatch, .error, platform: scanned.platform,
                    "\($0.path) of the \(scanned.platform) image is for \($0.machine)")
            }
            let isForeign = chain.programs.contains {
                machine.runs(CPUArchitecture($0.header)) == .never
            }
            if findings.isEmpty, !isForeign {
                findings += [programs.foreign(to: machine, scanned.platform)].compactMap(\.self)
            }
            if chain.programs.isEmpty, chain.obstacles.isEmpty, witnesses.isEmpty {
                findings.append(
                    Finding(
                        .notChecked, .warning, platform: scanned.platform,
                        "the \(scanned.platform) image starts no program and has no shell, so "
                            + "nothing tells its machine"))
            }
            return findings
        }
    }

    private struct Witness: Hashable {
        let path: String
        let machine: CPUArchitecture
    }

    /// The shell, and the C library unless there is one for each of several machines.
    private static func witnesses(
        in view: RootFileSystem, _ programs: Programs, _ machine: CPUArchitecture
    ) -> [Witness] {
        var witnesses: [Witness] = []
        if case .found(.file(let file), let path) = view.destination(of: Array("/bin/sh".utf8)),
            case .elf(let header) = file.head
        {
            witnesses.append(Witness(path: path.shown, machine: CPUArchitecture(header)))
        }
        let libraries = programs.all.filter { path, _ in
            path.name.elementsEqual("libc.so.6".utf8)
                || path.name.starts(with: "ld-musl-".utf8)
        }.map { Witness(path: $0.shown, machine: CPUArchitecture($1)) }
        if !libraries.contains(where: { machine.runs($0.machine) == .native }) {
            witnesses += libraries.sorted { $0.path < $1.path }.prefix(1)
        }
        return witnesses
    }
}

/// The programs and libraries that can be seen in an image.
private struct Programs {
    let all: [(LayerPath, ELFHeader)]

    init(_ view: RootFileSystem) {
        all = view.elfFiles().filter { $1.kind == .executable || $1.kind == .shared }
    }

    /// The share of programs for other machines, with an example.
    func foreign(to machine: CPUArchitecture, _ platform: Platform) -> Finding? {
        let others = all.filter { machine.runs(CPUArchitecture($1)) == .never }
        guard let first = others.min(by: { $0.0.description < $1.0.description }) else {
            return nil
        }
        return Finding(
            .foreignExecutables, .note, platform: platform,
            "\(others.count) of \(all.count) programs and libraries of the \(platform) image are "
                + "for other machines, such as \(first.0.shown) for \(CPUArchitecture(first.1))")
    }
}

extension LayerPath {
    /// The path on one line, safe to show.
    var shown: String { UntrustedText(description).display(limit: 200) }
}
