F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0; ovn-nbctl lsp-add sw0 p0 -- lsp-set-addresses p0 "0a:00:00:00:00:01 10.0.0.1"
lb() { n=$1; shift; ovn-nbctl create Load_Balancer name=$n "$@" >/dev/null; ovn-nbctl add Logical_Switch sw0 load_balancer $(ovn-nbctl --bare --columns=_uuid find Load_Balancer name=$n); }
lb l0 'vips:"10.1.0.1:80"="10.0.0.1:80,junk,10.0.0.300:1,10.0.0.2"'
lb l1 'vips:"junk"="10.0.0.1:80"'
lb l2 'vips:"10.1.0.2"="10.0.0.1:80"'
lb l3 'vips:"10.1.0.3:80"="10.0.0.1"'
lb l4 'vips:"10.1.0.4:80"="fd00::1"'
lb l5 'vips:"10.1.0.5:80"=""'
lb l6 'vips:"[fd00::6]:80"="[fd00::1]:80"' protocol=udp
lb l7 'vips:"fd00::7"="fd00::1,fd00::2"'
lb l8 'vips:"10.1.0.1:80"="10.0.0.8:80"'
lb l9 'vips:"10.1.0.9:0"="10.0.0.8:80"'
lb la 'vips:"10.1.0.10:80"=" 10.0.0.8:80 , 10.0.0.9:80 "'
lb lb 'vips:"10.1.0.11:80"="10.0.0.8:80,10.0.0.8:80"'
lb lc 'vips:"10.1.0.12:80"="10.0.0.8:80"' options:affinity_timeout=junk
lb ld 'vips:"10.1.0.13:80"="10.0.0.8:80"' options:affinity_timeout=-1
lb le 'vips:"10.1.0.14:80"="10.0.0.8:80"' options:affinity_timeout=70000 options:hairpin_snat_ip=\"10.9.9.9,junk\"
lb lf 'vips:"10.1.0.15"="10.0.0.8,10.0.0.9"' options:affinity_timeout=60 
lb lg 'vips:"10.1.0.16:80"="10.0.0.8:80"' selection_fields=tp_src,tp_dst,eth_src,ipv6_src protocol=sctp
lb lh 'vips:"10.1.0.17:80"=""' options:reject=true options:event=true
lb li 'vips:"10.1.0.18:80"=""' options:event=true
lb lj 'vips:"^vip:^port"="^b1,^b2"' options:template=true options:address-family=ipv4
lb lk 'vips:"^vip6:80"="^b1:80"' options:template=true options:address-family=ipv6
lb ll 'vips:"^vip"="^b1"' options:template=true
lb lm 'vips:"10.1.0.20:80"="10.0.0.1:80,10.0.0.2:80"' ip_port_mappings:10.0.0.1='"p0:10.0.0.99"' ip_port_mappings:10.0.0.2='"nope:10.0.0.99"' ip_port_mappings:junk=junk
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip=\"10.1.0.20:80\" options:interval=junk -- add Load_Balancer lm health_check @h >/dev/null
lb ln 'vips:"10.1.0.21:80"="10.0.0.1:80"' ip_port_mappings:10.0.0.1='"p0"'
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip=\"10.1.0.21:80\" -- add Load_Balancer ln health_check @h >/dev/null
lb lo 'vips:"10.1.0.22:80"="10.0.0.1:80"'
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip=\"junk\" -- add Load_Balancer lo health_check @h >/dev/null
lb lp
lb lq 'vips:"10.1.0.23:99999"="10.0.0.1:80"'
lb lr 'vips:"10.1.0.24:80"="10.0.0.1:99999"'
lb ls 'vips:"10.1.0.25:80"="10.0.0.1:0"'
ovn-nbctl sync
