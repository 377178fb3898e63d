// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit

extension HelpTopic {
    /// The help topic `exit-codes`.
    static let exitCodes = HelpTopic(
        "exit-codes", summary: "Exit codes, and how scripts handle them",
        document: "exit-codes.md",
        [
            .section(
                HelpSection(
                    "Codes",
                    [
                        HelpSection.Row("0", "Success."),
                        HelpSection.Row(
                            "1",
                            "Needs attention: an image was rejected, a tag or repository is "
                                + "missing, a target differs from its lock file, a pin is missing, or "
                                + "--check found changes. Retrying does not help."),
                        HelpSection.Row(
                            "2",
                            "Failure of at least one image or target, such as a network, TLS, "
                                + "registry or disk error. Retry once, then investigate."),
                        HelpSection.Row("64", "Invalid command line. Correct the arguments."),
                        HelpSection.Row(
                            "75",
                            "Limit reached: a pull rate limit, throttling, a file lock held by "
                                + "another run, or --max-duration. Run again later."),
                        HelpSection.Row(
                            "77",
                            "Credentials rejected or access denied. Renew the credentials."
                        ),
                        HelpSection.Row(
                            "78", "Invalid configuration or lock file. Correct the file."),
                        HelpSection.Row(
                            "130, 143",
                            "Interrupted by SIGINT or SIGTERM. Finished images are in the lock "
                                + "file. Run again."),
                    ])),
            .paragraph(
                "If several apply, the exit code is the first of 78, 77, 2, 1, 75. A failed image does not "
                    + "stop the others; --json contains the result of each image."),
            .paragraph("A scheduled job can treat 75 as success:"),
            .lines(["ocimirror sync || [ $? -eq 75 ]"]),
        ])

    /// The help topic `configuration`.
    static let configuration = HelpTopic(
        "configuration", summary: "mirror.yaml quick reference", document: "configuration.md",
        [
            .paragraph(
                "The file lists the images to mirror, the targets and the validation level. Create it with "
                    + "'ocimirror init', and check it with 'ocimirror plan --offline'."),
            .lines([
                "version: 1",
                "platforms: [linux/amd64, linux/arm64]  # required of every image",
                "validation: content                    # index, config or content",
                "targets:",
                "  - prefix: ghcr.io/owner/mirror",
                "    lock: images.lock.yaml",
                "images:",
                "  - grafana/grafana:12.1.0",
                "  - source: quay.io/spotahome/redis-operator",
                "    tags: {semver: \">=1.2 <2\", latest: 2}",
                "  - source: minio/mc:latest",
                "    floating: true",
            ]),
            .section(
                HelpSection(
                    "Keys",
                    [
                        HelpSection.Row(
                            "top level",
                            "version platforms validation copy referrers naming keepReplaced targets "
                                + "registries images"),
                        HelpSection.Row("targets", "prefix lock root publishLock"),
                        HelpSection.Row(
                            "registries",
                            "credentials auth plainHTTP credentialsOverHTTP caFile "
                                + "clientCertificate clientKey concurrency upload reservePulls "
                                + "endpoints tokenHosts allow"),
                        HelpSection.Row(
                            "images",
                            "a reference, or: source name id tags floating requires validation copy "
                                + "referrers artifact moved exception"),
                        HelpSection.Row("tags", "a list of tags, or: semver regex latest"),
                        HelpSection.Row("exception", "platforms reason until"),
                    ])),
            .paragraph(
                "Credentials, prefixes and endpoints can contain ${NAME}, ${NAME:-default} and "
                    + "${NAME:?message} for environment variables. Credentials are looked up in "
                    + "mirror.yaml, --auth-file or REGISTRY_AUTH_FILE, the files of Docker and Podman, "
                    + "GITHUB_TOKEN for ghcr.io, and Microsoft Entra for Azure Container Registry."),
        ])
}

extension HelpSection {
    /// The placeholders of arguments.
    static let arguments = HelpSection(
        "Arguments",
        [
            HelpSection.Row(
                "ID",
                "id in the lock file, name, or quoted glob with * and ?; all images if omitted"
            ),
            HelpSection.Row(
                "IMAGE",
                "reference with a tag or digest, or oci:DIR:TAG or oci:DIR@DIGEST for an OCI "
                    + "image layout"),
            HelpSection.Row(
                "TIME, RATE", "a duration such as 30s, 5m or 2h; bytes per second such as 50MB/s"),
        ])
}
