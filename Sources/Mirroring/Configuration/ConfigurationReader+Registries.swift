// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI
internal import TextSafety
internal import YAML

extension ConfigurationReader {
    mutating func registries(of fields: Fields) -> [RegistryHost: RegistryOptions] {
        guard let node = fields["registries"] else { return [:] }
        guard let entries = node.entries else {
            mismatch(node, "registries", expected: "a mapping of registries to options")
            return [:]
        }
        var registries: [RegistryHost: RegistryOptions] = [:]
        var places: [RegistryHost: Int] = [:]
        for entry in entries where entry.key.text != "<<" {
            guard let host = host(entry.key, "registries", text: entry.key.text) else { continue }
            if let line = places[host] {
                error(
                    entry.key, "registries: duplicate registry \(host), first on line \(line)",
                    hint: host == .dockerHub ? "all names of Docker Hub mean docker.io" : nil)
                continue
            }
            places[host] = entry.key.mark.line
            registries[host] = options(entry.value, of: host)
        }
        return registries
    }

    private mutating func host(
        _ node: YAMLNode, _ key: String, text: String?
    ) -> RegistryHost? {
        guard let text else {
            error(node, "\(key): expected a registry such as ghcr.io")
            return nil
        }
        // A colon with slashes would otherwise be reported as an invalid port.
        let excess = text.contains("://") ? "scheme" : text.contains("/") ? "path" : nil
        if let excess {
            let shown = UntrustedText(text).display(limit: 200)
            error(node, "\(key): '\(shown)' is not a host", hint: "remove the \(excess)")
            return nil
        }
        do throws(ParseError) {
            return try RegistryHost(parsing: text)
        } catch {
            self.error(node, "\(key): \(error)")
            return nil
        }
    }

    private mutating func options(
        _ node: YAMLNode, of host: RegistryHost
    ) -> RegistryOptions? {
        guard let fields = fields(of: node, host.name, known: ConfigurationKeys.registry) else {
            return nil
        }
        var options = RegistryOptions()
        options.credentials = credentials(of: fields)
        let auth: RegistryAuth? = choice("auth", of: fields)
        options.requiresAuth = auth == .required
        options.plainHTTP = bool("plainHTTP", of: fields) ?? false
        options.credentialsOverHTTP = bool("credentialsOverHTTP", of: fields) ?? false
        options.caFile = credentialFile("caFile", of: fields)
        options.clientCertificate = credentialFile("clientCertificate", of: fields)
        options.clientKey = credentialFile("clientKey", of: fields)
        options.concurrency = integer("concurrency", of: fields, in: 1...256)
        options.upload = choice("upload", of: fields, besides: "auto")
        options.reservePulls = integer("reservePulls", of: fields, in: 0...Int.max) ?? 0
        options.endpoints = hosts("endpoints", of: fields, expanding: true)
        options.tokenHosts = hosts("tokenHosts", of: fields, expanding: false)
        readAllowances(of: fields, into: &options)
        checkTransport(options, of: host, fields)
        return options
    }

    private mutating func checkTransport(
        _ options: RegistryOptions, of host: RegistryHost, _ fields: Fields
    ) {
        if let node = fields["clientKey"], fields["clientCertificate"] == nil {
            error(node, "clientKey: requires clientCertificate")
        }
        for key in ["caFile", "clientCertificate"] where options.plainHTTP {
            guard let node = fields[key] else { continue }
            error(node, "\(key): not allowed with plainHTTP: true", hint: "remove one of them")
        }
        let isLocal = (try? Origin(scheme: .http, authority: host.name))?.isLoopback ?? false
        if options.plainHTTP, !options.credentialsOverHTTP, !isLocal, options.credentials != nil,
            let node = fields["plainHTTP"]
        {
            report.add(
                at: node.range.lowerBound,
                "plainHTTP: credentials are not sent to \(host) over plain HTTP",
                hint: "use TLS, or set credentialsOverHTTP: true", isWarning: true)
        }
    }

    /// Returns user name and password.
    ///
    /// If both are empty, as in a job without secrets, there are none.
    private mutating func credentials(of fields: Fields) -> RegistryOptions.Credentials? {
        guard let node = fields["credentials"],
            let fields = self.fields(of: node, "credentials", known: ConfigurationKeys.credentials)
        else { return nil }
        var values: [String?] = []
        for key in ConfigurationKeys.credentials {
            if fields.isMissing(key) {
                error(fields.node, "credentials: missing key '\(key)'")
            }
            values.append(fields[key].flatMap { expanded($0, key) })
        }
        guard let username = values[0], let password = values[1] else { return nil }
        switch (username.isEmpty, password.isEmpty) {
        case (true, true):
            return nil
        case (false, false):
            return RegistryOptions.Credentials(username: username, password: Secret(password))
        case (let noUser, _):
            error(
                fields[noUser ? "username" : "password"] ?? node,
                "credentials: the \(noUser ? "username" : "password") is empty but the "
                    + "\(noUser ? "password" : "username") is not",
                hint: "set both, or leave both empty for anonymous access")
            return nil
        }
    }

    private mutating func hosts(
        _ key: String, of fields: Fields, expanding: Bool
    ) -> [RegistryHost] {
        var hosts: [RegistryHost] = []
        for node in list(key, of: fields, "hosts") ?? [] {
            let text = expanding ? expanded(node, key) : string(node, key)
            guard let text, let host = host(node, key, text: text) else { continue }
            hosts.append(host)
        }
        return hosts
    }

    /// Reads `allow`: hosts, addresses, and address ranges such as `10.0.0.0/8`.
    private mutating func readAllowances(of fields: Fields, into options: inout RegistryOptions) {
        for node in list("allow", of: fields, "hosts and address ranges") ?? [] {
            guard let text = string(node, "allow") else { continue }
            if let range = try? AddressRange(parsing: text) {
                options.allowedRanges.append(range)
                // A single address is a host as well.
                if let host = try? RegistryHost(parsing: text) { options.allowedHosts.append(host) }
            } else if text.contains("/") {
                error(
                    node, "allow: \(report.quote(node) ?? "the value") is not an address range",
                    hint: "for example 10.0.0.0/8 or fd00::/8")
            } else if let host = host(node, "allow", text: text) {
                options.allowedHosts.append(host)
            }
        }
    }
}
