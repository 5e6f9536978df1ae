ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 fd00::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 '0a:00:00:00:00:01 10.0.0.1 fd00::11'
ovn-nbctl lsp-add sw0 p2 -- lsp-set-addresses p2 '0a:00:00:00:00:02 10.0.0.2'
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1 10
ovn-nbctl lb-add t0 172.16.0.1:80 10.0.0.1:80
ovn-nbctl --template lb-add tv ^vip:^vport ^backends tcp ipv4 || ovn-nbctl --id=@l create Load_Balancer name=tv protocol=tcp options:template=true options:address-family=ipv4 vips:'"^vip:^vport"'='"^backends"'
ovn-nbctl create Chassis_Template_Var chassis=hv1 variables='{vip=1.2.3.4,vport=80,backends="10.0.0.1:8080"}'
ovn-nbctl lr-lb-add r0 tv
ovn-nbctl create Load_Balancer_Group name=g1
ovn-nbctl lb-add gl 172.16.0.70:80 10.0.0.1:80,10.0.0.2:80
ovn-nbctl set Load_Balancer_Group g1 load_balancer=$(ovn-nbctl --bare --columns=_uuid find Load_Balancer name=gl)
ovn-nbctl set Logical_Router r0 load_balancer_group=$(ovn-nbctl --bare --columns=_uuid find Load_Balancer_Group name=g1)
ovn-nbctl lb-add hc 172.16.0.71:80 10.0.0.1:80,10.0.0.2:80
ovn-nbctl set Load_Balancer hc ip_port_mappings:10.0.0.1=p1:10.0.0.9 ip_port_mappings:10.0.0.2=p2:10.0.0.9
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"172.16.0.71:80"' options:interval=3 -- set Load_Balancer hc health_check=@h
ovn-nbctl lr-lb-add r0 hc
ovn-sbctl set Service_Monitor $(ovn-sbctl --bare --columns=_uuid find Service_Monitor ip=10.0.0.1) status=offline
ovn-nbctl sync
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
