// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// An Azure cloud, with its registries and login endpoint.
///
/// Source: Azure's list of endpoints by cloud.
enum AzureCloud: String, CaseIterable, Sendable {
    case global = "azurecr.io"
    case china = "azurecr.cn"
    case usGovernment = "azurecr.us"

    /// Returns the cloud of a registry by its host name, or `nil` for other registries.
    init?(of registry: RegistryHost) {
        guard let cloud = Self.allCases.first(where: { registry.name.hasSuffix(".\($0.rawValue)") })
        else { return nil }
        self = cloud
    }

    /// The login endpoint of Microsoft Entra.
    var authority: String {
        switch self {
        case .global: "https://login.microsoftonline.com"
        case .china: "https://login.chinacloudapi.cn"
        case .usGovernment: "https://login.microsoftonline.us"
        }
    }

    /// The audience of an Entra token for registries, the same in every cloud.
    ///
    /// Source: Azure's client libraries for container registries.
    static let audience = "https://containerregistry.azure.net"
}
