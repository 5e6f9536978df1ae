# What random commands found: each part was once a difference from stock.
ovn-nbctl ls-add sw0
ovn-nbctl --id=@d create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.1 options:server_mac=0a:00:00:00:99:99 options:lease_time=550 -- lsp-add sw0 p1 -- lsp-set-addresses p1 '0a:00:00:00:00:01 10.0.0.5' -- set Logical_Switch_Port p1 dhcpv4_options=@d options:hostname=hp1
ovn-nbctl --id=@d create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.1 options:server_mac=0a:00:00:00:99:99 options:lease_time=550 -- lsp-add sw0 p2 -- lsp-set-addresses p2 '0a:00:00:00:00:02 10.0.0.6' -- set Logical_Switch_Port p2 dhcpv4_options=@d options:hostname='"\"hp1\""'
nat() { ovn-nbctl lr-nat-add $1 $2 $3 192.168.0.$4 $5 $6; }
mk() { # router ports..
 r=$1; shift; ovn-nbctl lr-add $r
 for i in "$@"; do ovn-nbctl ls-add s$r$i -- lsp-add s$r$i v$r$i -- lsp-set-addresses v$r$i "0a:00:00:0$r:0$i:99 10.$r.$i.9"
 ovn-nbctl lrp-add $r r$r$i 0a:00:00:0$r:0$i:01 10.$r.$i.1/24
 ovn-nbctl lsp-add s$r$i s$r$i-r -- lsp-set-type s$r$i-r router -- lsp-set-addresses s$r$i-r router -- lsp-set-options s$r$i-r router-port=r$r$i; done; }
nats() { r=$1
 ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=10.$r.1.50 logical_ip=192.168.0.2 logical_port=v${r}1 external_mac='"0a:00:00:00:0'$r':50"' -- add Logical_Router $r nat @n
 ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.50 logical_ip=192.168.0.3 logical_port=v${r}1 external_mac='"0a:00:00:00:0'$r':51"' -- add Logical_Router $r nat @n
 ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.51 logical_ip=192.168.0.4 external_mac='"0a:00:00:00:0'$r':52"' -- add Logical_Router $r nat @n
 ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=172.16.0.52 logical_ip=192.168.0.5 logical_port=nope external_mac='"0a:00:00:00:0'$r':53"' -- add Logical_Router $r nat @n
 ovn-nbctl --id=@n create NAT type=dnat external_ip=172.16.0.53 logical_ip=192.168.0.6 logical_port=v${r}1 external_mac='"0a:00:00:00:0'$r':54"' -- add Logical_Router $r nat @n
 ovn-nbctl --id=@n create NAT type=snat external_ip=172.16.0.54 logical_ip=192.168.0.7 logical_port=v${r}1 external_mac='"0a:00:00:00:0'$r':55"' -- add Logical_Router $r nat @n
}
mk 1 1 2
nats 1
mk 2 1 2
nats 2
ovn-nbctl set Logical_Router 2 options:chassis=hv1
mk 3 1 2
ovn-nbctl lrp-set-gateway-chassis r31 hv1 1
nats 3
mk 4 1 2 3
ovn-nbctl lrp-set-gateway-chassis r41 hv1 1
ovn-nbctl lrp-set-gateway-chassis r42 hv1 1
nats 4
ovn-nbctl set Logical_Switch_Port s41-r options:arp_proxy='"0a:00:00:00:00:aa 10.9.0.9"'
ovn-nbctl set Logical_Switch_Port s31-r options:arp_proxy='"0a:00:00:00:00:aa 10.9.0.9"'
ovn-nbctl set Logical_Switch_Port s11-r options:arp_proxy='"0a:00:00:00:00:aa 10.9.0.9"'
