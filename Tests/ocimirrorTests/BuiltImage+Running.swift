// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension BuiltImage {
    /// An image with one program for each platform and a shared layer of 1 MiB.
    static func running(_ programs: [ELFFile]) -> BuiltImage {
        let data = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let base = Layer.gzip([.file("usr/share/data", data, mode: 0o644)])
        let builder = ImageBuilder()
        let platforms = [Platform.linuxAMD64, .linuxARM64]
        return builder.index(
            zip(platforms, programs).map { platform, program in
                .image(
                    builder.image(
                        platform,
                        layers: [
                            base,
                            .gzip([
                                .folder("usr"), .folder("usr/bin"),
                                .file("usr/bin/app", program.bytes),
                            ]),
                        ],
                        settings: .init(entrypoint: ["/usr/bin/app"])))
            })
    }
}
